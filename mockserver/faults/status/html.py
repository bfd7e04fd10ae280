"""`html`: a gateway's page where JSON or a stream was due. Imports `kinds`, `status` and `woven`."""

from __future__ import annotations

from cassettes.model import Head
from mockserver.faults.kinds import Argument, Call, Kind, status_code
from mockserver.faults.status.status import phrase
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    code: int = call.given["code"]
    title = f"{code} {phrase(code)}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    headers = (("Server", "nginx"), ("Content-Type", "text/html"))
    woven.answer("html", Head(code=code, message=phrase(code), headers=headers), page.encode())


FAULT = Kind(
    name="html",
    family="status",
    does=_does,
    sees="an nginx page with that status (502 if none is given; 200 is a captive portal)",
    example="html:502",
    arguments=(Argument(name="code", shown="CODE", read=status_code, default=502),),
    breaks=True,
    alone=True,
)
