hosts = '"hosts": [os.environ["REDIS_URL"]]'
ws.edit("myproject/settings.py", hosts, hosts + ', "capacity": 1000')
