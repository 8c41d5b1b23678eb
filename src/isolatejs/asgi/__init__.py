"""App servers as ASGI applications, for uvicorn, granian and hypercorn, or mounted in Starlette and FastAPI.

app = AppServerASGI(entry="/server.ts", bindings={...})        # owns its host; uvicorn module:app
Mount("/program", app=asgi_app(server))                        # around a server that you hold
"""

from isolatejs.asgi.application import AppServerASGI, asgi_app

__all__ = ["AppServerASGI", "asgi_app"]
