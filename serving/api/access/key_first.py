"""Routes that know the key before they read a byte of the body: FastAPI by itself reads the body first, whatever it holds."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from serving.api.access.auth import bearer, current_key, known_key
from serving.api.services import services_of


class KeyFirstRoute(APIRoute):
    """A route; one that takes a CurrentKey finds it before anything else happens. Use it as `route_class` of every router."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See APIRoute."""
        handle = super().get_route_handler()
        if not takes_key(self.dependant):
            return handle

        async def handle_with_key(request: Request) -> Response:
            request.state.key = await current_key(await bearer(request), await services_of(request))
            return await handle(request)

        return handle_with_key


def takes_key(dependant: Dependant) -> bool:
    """Whether the route, or what it depends on, takes a CurrentKey."""
    return any(each.call is known_key or takes_key(each) for each in dependant.dependencies)
