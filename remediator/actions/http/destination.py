"""Where a request goes: a URL written in the rule, or a configured connection and a path."""

from __future__ import annotations

import ssl
from typing import Annotated, Any, NamedTuple
from urllib.parse import unquote

from pydantic import Field, StringConstraints, field_validator, model_validator
from yarl import URL

from remediator.actions.answers.access import (
    CONTROL,
    NO_CREDENTIALS,
    URL_LIMIT,
    Access,
    BaseUrl,
    Headers,
    checked_url,
    credentials,
    parsed_url,
    trust,
)
from remediator.actions.context import Context
from remediator.actions.http.listed import Listed
from remediator.core.action import NamesConnection, Parameters, Url, UrlPath

QueryName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$")]


class Connection(Access):
    """One entry under ``connections.http``: a service, and the credentials that only it may see."""

    base_url: BaseUrl = Field(description="The service's URL; a step's path is appended.")
    queries: dict[QueryName, Listed] = Field(
        {},
        max_length=100,
        description="Questions that http.query may ask by POST, by name: reads, as the site declares.",
    )


class Destination(Parameters):
    """The part of the parameters that says where a request goes."""

    url: Url = Field("", description="What to ask; scheme and host are literal. Instead of connection and path.")
    connection: Annotated[str, NamesConnection()] = Field(
        "", description="Name of an entry under connections.http; its credentials are used."
    )
    path: UrlPath = Field("", description='With connection: what to ask there, from "/" on, query included.')
    headers: Headers = Field({}, description="Headers to send; no credentials, they come from a connection's files.")
    tls_verify: bool = Field(True, description="With url: whether the server's certificate is checked.")
    ca_file: str = Field("", description="With url: PEM file of the only authorities to trust; empty: the system's.")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return checked_url(url) if url else url

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        if not path:
            return path
        if not path.startswith("/") or len(path) > URL_LIMIT or "#" in path:
            raise ValueError(f'a path begins with "/", has no "#" and at most {URL_LIMIT} characters')
        # Readers of URLs drop line breaks: what is checked here must be what is asked.
        if CONTROL.search(path):
            raise ValueError("a path has no control characters")
        # "%2e%2e" climbs as well as ".." does: it would leave the connection's own part of the server.
        segments = unquote(path.partition("?")[0]).replace("\\", "/").split("/")
        if "." in segments or ".." in segments:
            raise ValueError('a path has no "." and no ".." segment')
        return path

    @model_validator(mode="after")
    def _one_place(self) -> Destination:
        if bool(self.url) == bool(self.connection):
            raise ValueError("give one of url and connection (with path)")
        if self.connection and (self.ca_file or not self.tls_verify):
            raise ValueError("with a connection, tls_verify and ca_file stand in its configuration")
        if self.url and self.path:
            raise ValueError("path goes with connection; a url has its own")
        return self


class Place(NamedTuple):
    """Where one request goes and what it carries there."""

    url: URL
    headers: dict[str, str]
    ssl: ssl.SSLContext | bool
    secrets: tuple[str, ...]  #: what must not come back out of an answer

    @property
    def name(self) -> str:
        """``host:port``, for errors."""
        return f"{self.url.host}:{self.url.port}"


def backend(parameters: Destination) -> str:
    """Return ``http/host:port``, or ``http/NAME`` of a connection."""
    if parameters.connection:
        return f"http/{parameters.connection}"
    url = parsed_url(parameters.url)
    return f"http/{url.host}:{url.port}"


def place_of(parameters: Destination, context: Context) -> Place:
    """Return where the request goes. Raise PermanentError for what is not configured or cannot be read."""
    # A compressed answer could be small on the wire and huge here.
    headers = {"accept-encoding": "identity"}
    if not parameters.connection:
        headers.update(parameters.headers)
        tls = trust(parameters.ca_file, tls_verify=parameters.tls_verify)
        return Place(parsed_url(parameters.url), headers, tls, NO_CREDENTIALS.secrets)
    connection: Any = context.connection("http", parameters.connection)
    known = credentials(connection)
    headers.update(known.headers)
    headers.update(parameters.headers)
    tls = trust(connection.ca_file, tls_verify=connection.tls_verify)
    return Place(URL(connection.base_url + parameters.path), headers, tls, known.secrets)
