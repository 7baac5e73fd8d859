import re
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel

from remediator.actions import registry
from remediator.interfaces.configuration import read_settings
from remediator.settings import Settings

FILE = Path(__file__).parents[2] / "config/remediator.yml"
#: "#key" and "#  key" are commented out; "# prose" is prose.
COMMENTED_OUT = re.compile(r"#(?=[a-z]|  +[a-z-])")
EXAMPLE = re.compile(r"# *([a-z_]+): (.*?) +# example")
NEEDED = object()


def switched_on(tmp_path):
    """Return the file with nothing commented out."""
    file = tmp_path / "remediator.yml"
    file.write_text("\n".join(COMMENTED_OUT.sub("", line, count=1) for line in FILE.read_text().splitlines()))
    return file


def section_of(field):
    """Return the model of a section of the settings, if the field is one."""
    kinds = [field.annotation, *get_args(field.annotation)]
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return next((model for model in models if model.__name__.endswith("Settings")), None)


def keys_of(model, place=()):
    """Yield (place, default) of every key at any depth that is no section."""
    for name, field in model.model_fields.items():
        if section := section_of(field):
            yield from keys_of(section, (*place, name))
        elif name != "connections":
            yield (*place, name), NEEDED if field.is_required() else field.default


def examples():
    """Return (key, value) of what is marked as an example."""
    return [(key, str(yaml.safe_load(value))) for key, value in EXAMPLE.findall(FILE.read_text())]


def wrong(place, default, written, read):
    """Say what is wrong with what stands in the file (``written``) and what it means (``read``)."""
    for part in place:
        if part not in (written or {}):
            return f"{'.'.join(place)} is missing"
        written, read = written[part], getattr(read, part)
    if place == ("escalation", "ladders"):
        return ""
    if (place[-1], str(written)) in examples():
        return "" if default in (NEEDED, None, "") else f"{'.'.join(place)} has a default, but an example stands there"
    return "" if read == default else f"{'.'.join(place)} shows {read!r}, the default is {default!r}"


def test_it_loads_as_it_is_and_changes_no_default():
    settings, connections = read_settings(FILE)
    # Whom the shipped guides call is the one thing that it says beyond the defaults.
    assert [*settings.escalation.ladders] == ["sev-1", "sev-2", "sev-3", "sev-4"]
    assert settings.model_copy(update={"store": Settings().store, "escalation": Settings().escalation}) == Settings()
    assert not connections


def test_every_setting_stands_in_it_with_its_default(tmp_path):
    file = switched_on(tmp_path)
    written = yaml.safe_load(file.read_text())
    read = Settings.model_validate(written)  # read_settings would make the store's path absolute
    keys = list(keys_of(Settings))
    assert len(keys) > 30
    assert [said for place, default in keys if (said := wrong(place, default, written, read))] == []


def test_every_key_of_every_connection_stands_in_it_with_its_default(tmp_path):
    file = switched_on(tmp_path)
    written = yaml.safe_load(file.read_text())["connections"]
    _, read = read_settings(file)
    models = {system: model for system in registry.systems() if (model := registry.connection_model(system))}
    assert set(written) == set(models)
    for system, model in models.items():
        ((name, document),) = written[system].items()
        found = [wrong(place, default, document, read[system][name]) for place, default in keys_of(model)]
        assert [f"{system}: {said}" for said in found if said] == []
