"""Which engine, and which of its containers rules may restart."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from remediator.actions.answers.access import checked_url
from remediator.core.action import NamesConnection, Parameters
from remediator.core.durations import Duration

#: The engine's own rule for names (RestrictedNamePattern in moby); an id is one, too.
ContainerName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$")]


class Connection(BaseModel):
    """One entry under ``connections.docker``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    socket: str = Field("", max_length=100, description="Path of the engine's socket, such as /run/docker.sock.")
    url: str = Field("", description="Instead: URL of a proxy before it, such as http://127.0.0.1:2375.")
    ca_file: str = Field("", description="With an https URL: PEM file of the only authorities to trust.")
    api_version: str = Field("v1.41", pattern=r"^v1\.[0-9]{1,3}$", description="Version of the API to speak.")
    timeout: Duration = Field(10.0, gt=0, description="How long to wait for a connection, and for each answer.")
    containers: tuple[ContainerName, ...] = Field(
        (), max_length=256, description="Names of the containers that docker.restart may restart."
    )

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
    container: ContainerName = Field(description="The container's name.")


def backend(parameters: ContainerParameters) -> str:
    """Return ``docker/NAME``."""
    return f"docker/{parameters.connection}"


def targets(parameters: ContainerParameters) -> tuple[str, ...]:
    """Return the one target, ``docker/NAME/CONTAINER``."""
    return (f"docker/{parameters.connection}/{parameters.container}",)
