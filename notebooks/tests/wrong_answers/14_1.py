# not yet: expected cem to be cem on the new host, too; he is a guest there
def answer(site):
    return {name: site[name] for name in ("REDIS_URL", "DATABASE_URL")}
