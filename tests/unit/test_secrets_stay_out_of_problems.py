import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from remediator.errors import ConfigurationError
from remediator.interfaces.documents import problem_at, read_document, validate


class Connection(BaseModel):
    model_config = ConfigDict(extra="forbid")
    credential: SecretStr = SecretStr("")
    password: int = 0
    url: int = 0


@pytest.mark.parametrize(
    "text",
    [
        "credential: [hunter2]",
        "credential: {hunter2: hunter2}",
        "password: hunter2",
        "passwordd: hunter2",
        "password: correct hunter2",
        "url: postgres://me:hunter2@db/x",
        "password: hunter2\npassword: hunter2",
        "password: hunter2: x",
        "{password: hunter2, credential: }: x",
    ],
)
def test_what_was_written_there(text):
    with pytest.raises(ConfigurationError) as caught:
        validate(read_document(text, "a.yaml"), Connection)
    error: BaseException | None = caught.value
    while error:
        assert "hunter2" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_the_rest_of_the_line_is_shown():
    problem = problem_at(read_document("{user: me, password: hunter2 3, x: y}", "a.yaml"), ("user",), "x")
    assert problem.source == "{user: me, password: [hidden]"


def test_no_caret_under_a_line_that_had_to_change_before_it():
    problem = problem_at(read_document("{password: hunter2, user: me}", "a.yaml"), ("user",), "x")
    assert (problem.line, problem.column, problem.source) == (1, 27, "")
