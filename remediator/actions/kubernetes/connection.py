"""One entry under ``connections.kubernetes``, and how it becomes a client."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from remediator.actions.kubernetes.credential_plugin import FAILED
from remediator.actions.kubernetes.exec_entry import ExecEntry
from remediator.actions.kubernetes.inline_files import InlineFiles
from remediator.actions.kubernetes.library import Library, library
from remediator.core.durations import Duration
from remediator.core.file_names import FileName, ReadAtUse
from remediator.errors import PermanentError, TemporaryError


class Connection(BaseModel):
    """How to reach one cluster. With nothing said: the service account of the pod we run in."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kubeconfig: Annotated[FileName | None, ReadAtUse(kubeconfig=True)] = Field(
        None, description="A kubeconfig file. Default: $KUBECONFIG or ~/.kube/config."
    )
    context: str | None = Field(None, min_length=1, description="A context of that file. Default: its current one.")
    in_cluster: bool | None = Field(
        None, description="Use the pod's service account. Default: when neither kubeconfig nor context is given."
    )
    request_timeout: Duration = Field(30.0, gt=0, description="For one request, answer included.")
    exec: dict[str, ExecEntry] = Field(
        {}, description="Programs that kubernetes.exec and kubernetes.exec_change may run in containers, by name."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.in_cluster and (self.kubeconfig or self.context):
            raise ValueError("in_cluster contradicts kubeconfig and context; give one or the other")
        return self

    @property
    def inside(self) -> bool:
        """Whether the pod's own service account is used."""
        return self.in_cluster if self.in_cluster is not None else not (self.kubeconfig or self.context)


async def make_client(name: str, connection: Connection) -> Any:
    """Return a kubernetes_asyncio ApiClient for this connection; read its credential anew.

    Raise PermanentError when the configuration cannot be used. The library's own words are left out:
    they may quote the file, tokens included.
    """
    parts = library()
    configuration = parts.configuration()
    configuration.disable_strict_ssl_verification = True  # the same on every Python: see ``access.trusting``
    where = "the pod's service account" if connection.inside else _file(connection)
    try:
        with InlineFiles() as files:
            await _load(parts, connection, configuration, files)
            client = parts.api_client(configuration)  # which reads the files: then they may go
    except TimeoutError as error:
        raise TemporaryError(f'kubernetes connection "{name}": no credential within the time of a request') from error
    except Exception as error:  # noqa: BLE001 -- the loaders raise whatever a malformed file leads to
        # No ``from``: the cause's text may hold a credential, and a traceback would print it.
        if str(error).startswith(FAILED):  # what it asks may be away for a moment
            raise TemporaryError(f'kubernetes connection "{name}": the credential plug-in of {where} failed') from None
        raise PermanentError(f'kubernetes connection "{name}": cannot use {where} ({type(error).__name__})') from None
    client.user_agent = "remediator"
    return client


async def _load(parts: Library, connection: Connection, configuration: Any, files: InlineFiles) -> None:
    if connection.inside:
        parts.load_incluster_config(client_configuration=configuration)
        return
    async with asyncio.timeout(connection.request_timeout):  # it may run a credential plug-in
        await parts.load_kube_config(
            config_file=str(connection.kubeconfig) if connection.kubeconfig else None,
            context=connection.context,
            client_configuration=configuration,
            persist_config=False,
            temp_file_path=files,  # see ``for_a_moment``
        )


def _file(connection: Connection) -> str:
    file = str(connection.kubeconfig) if connection.kubeconfig else "the default kubeconfig"
    if connection.kubeconfig and not connection.kubeconfig.exists():
        file += " (no such file)"
    return f'{file}, context "{connection.context}"' if connection.context else file
