# not yet: expected each of 30 clients to get 200 messages that are sent at once; some messages are lost
hosts = '"hosts": [os.environ["REDIS_URL"]]'
ws.edit("myproject/settings.py", hosts, hosts + ', "expiry": 1000')
