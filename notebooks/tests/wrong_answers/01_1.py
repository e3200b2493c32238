# not yet: expected the status that a handshake at / gets; you have 404
answer = {"/": 404, "/admin/login/": 404, "/online/": 404}
