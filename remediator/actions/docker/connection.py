"""Which engine, and which of its containers rules may restart."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from remediator.actions.answers.access import checked_url
from remediator.core.action import NamesConnection, Parameters, Permission
from remediator.core.durations import Duration
from remediator.core.file_names import UsedFile

#: The engine's own rule for names (RestrictedNamePattern in moby); an id is one, too.
ContainerName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$")]

#: A project and a service of Compose, by its labels: names as the Compose specification has them.
ServiceName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}/[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$", max_length=127)
]

LOOKS = (Permission("GET", "/containers/NAME/json"), Permission("GET", "/containers/json (with service)"))


class Connection(BaseModel):
    """One entry under ``connections.docker``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    socket: str = Field("", max_length=100, description="Path of the engine's socket, such as /run/docker.sock.")
    url: str = Field("", description="Instead: URL of a proxy before it, such as http://127.0.0.1:2375.")
    ca_file: UsedFile = Field("", description="With an https URL: PEM file of the only authorities to trust.")
    api_version: str = Field("v1.41", pattern=r"^v1\.[0-9]{1,3}$", description="Version of the API to speak.")
    timeout: Duration = Field(10.0, gt=0, description="How long to wait for a connection, and for each answer.")
    containers: tuple[ContainerName, ...] = Field(
        (), max_length=256, description="Names of the containers that docker.restart may restart."
    )
    services: tuple[ServiceName, ...] = Field(
        (), max_length=256,
        description='Services of Compose that docker.restart may restart, as project/service: "shop/redis".',
    )  # fmt: skip

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return checked_url(url).rstrip("/") if url else url

    @model_validator(mode="after")
    def _one(self) -> Connection:
        if bool(self.socket) == bool(self.url):
            raise ValueError("give one of socket and url")
        if self.socket and not self.socket.startswith("/"):
            raise ValueError("socket is an absolute path")
        return self


class ContainerParameters(Parameters):
    """What every action's parameters begin with."""

    connection: Annotated[str, NamesConnection()] = Field(
        "default", description="Name of an entry under connections.docker."
    )
    container: ContainerName | None = Field(None, description="The container's name. This or service is needed.")
    service: ServiceName | None = Field(
        None, description='Instead: a service of Compose, as project/service ("shop/redis"), found by its labels.'
    )
    number: int = Field(1, ge=1, le=1000, description="With service: which of its containers, as Compose counts them.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.container is None) == (self.service is None):
            raise ValueError("give one of container and service")
        if self.service is None and self.number != 1:
            raise ValueError("number goes with service")
        return self

    @property
    def title(self) -> str:
        """What it is called in sentences."""
        if self.service is None:
            return str(self.container)
        return self.service if self.number == 1 else f"{self.service} ({self.number})"


def backend(parameters: ContainerParameters) -> str:
    """Return ``docker/NAME``."""
    return f"docker/{parameters.connection}"


def targets(parameters: ContainerParameters) -> tuple[str, ...]:
    """Return the one target: ``docker/NAME/CONTAINER``, or ``docker/NAME/PROJECT/SERVICE``."""
    return (f"docker/{parameters.connection}/{parameters.service or parameters.container}",)
