def answer(site):
    return {name: site[name] for name in ("REDIS_URL", "DATABASE_URL", "DJANGO_SECRET_KEY")}
