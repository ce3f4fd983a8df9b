"""From a token holder's terminal to a page in a browser: a one-time code becomes a session cookie, never the token."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from lockgate.api.access import SESSION_LIFE, Access, cookie_of


async def page_link(request: Request, access: Access, delivery: str) -> str:
    code = await access.one_time_code(f"/deliveries/{delivery}")
    return str(request.base_url.replace(path="/open", query=f"code={code}"))


def router(access: Access) -> APIRouter:
    routes = APIRouter(tags=["pages"])

    @routes.get("/open", include_in_schema=False)
    async def open_page(request: Request, code: Annotated[str, Query()]) -> Response:
        try:
            target, session = await access.open_with(code)
        except HTTPException as error:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return PlainTextResponse(f"{error.detail}\n", error.status_code)
        answer = RedirectResponse(target, 303, headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
        life = int(SESSION_LIFE.total_seconds())
        # Lax: a link clicked in a page of another site must reach the page; nothing here changes state.
        answer.set_cookie(cookie_of(request), session, max_age=life, httponly=True, samesite="lax", path="/")
        return answer

    return routes
