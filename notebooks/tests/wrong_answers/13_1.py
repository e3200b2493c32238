# not yet: expected 30 clients to get each of 200 messages sent at once; some messages are lost
hosts = '"hosts": [os.environ["REDIS_URL"]]'
ws.edit("myproject/settings.py", hosts, hosts + ', "expiry": 1000')
