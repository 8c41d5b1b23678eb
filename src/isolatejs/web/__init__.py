"""Web value types for the host: plain Python objects after the web's own standards. No I/O, no event loop."""

from isolatejs.web.abort import AbortController, AbortSignal
from isolatejs.web.blob import Blob, File
from isolatejs.web.body import Body, BodyInit, BodyStream
from isolatejs.web.form_data import FormData
from isolatejs.web.headers import Headers
from isolatejs.web.request import Request
from isolatejs.web.response import Response
from isolatejs.web.url import ParsedUrl, parse_url

__all__ = [
    "AbortController",
    "AbortSignal",
    "Blob",
    "Body",
    "BodyInit",
    "BodyStream",
    "File",
    "FormData",
    "Headers",
    "ParsedUrl",
    "Request",
    "Response",
    "parse_url",
]
