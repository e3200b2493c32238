answer = {"/": 200, "/admin/login/": 200, "/online/": 404}
