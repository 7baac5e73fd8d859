import pytest

from remediator.errors import PermanentError

HOSTILE = [
    "' OR true --", "x'; DELETE FROM public.users; --", "%(email)s", "%s", "\\'", "$1", "a\u2028b", "☃" * 500, '"', "/*",
]  # fmt: skip
STATEMENTS = {
    "user": {"sql": "SELECT active FROM users WHERE email = %(email)s"},
    "any": {"sql": "SELECT active FROM users"},
    "count": {"sql": "SELECT count(*) FROM users WHERE email = %(email)s OR email LIKE 'z%%'"},
    "null": {"sql": "SELECT NULL::int"},
    "text": {"sql": "SELECT email, active FROM users"},
    "number": {"sql": "SELECT %(x)s::int"},
    "writes": {"sql": "DELETE FROM users WHERE email = %(email)s RETURNING active"},
}


@pytest.fixture
def context(connect):
    return connect(statements=STATEMENTS)


@pytest.fixture(autouse=True)
def users(admin):
    admin.execute("INSERT INTO users VALUES ('a@example.com', true), ('b@example.com', false), ('c@example.com', NULL)")
    yield
    admin.execute("TRUNCATE users")


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_whatever_a_label_says(hostile, context, perform, admin):
    said = await perform("user_active", context, statement="user", values={"email": hostile})
    assert (said.holds, said.present) == (False, False)
    assert (await perform("check", context, statement="count", values={"email": hostile}, equals=0)).holds
    await perform("explain", context, statement="user", values={"email": hostile})
    assert admin.execute("SELECT count(*) FROM users").fetchone() == (3,)


async def test_nul_is_refused(context, perform):
    with pytest.raises(PermanentError) as raised:
        await perform("user_active", context, statement="user", values={"email": "secret-label\x00"})
    assert "secret-label" not in str(raised.value)


@pytest.mark.parametrize(("email", "active", "holds"), [("a", True, True), ("b", False, False), ("c", None, False)])
async def test_a_user_is_found(email, active, holds, context, perform):
    said = await perform("user_active", context, statement="user", values={"email": f"{email}@example.com"})
    assert (said.present, said.active, said.holds) == (True, active, holds)


async def test_more_than_one_user_is_none(context, perform):
    said = await perform("user_active", context, statement="any")
    assert (said.holds, said.active, said.rows) == (False, None, 2)


async def test_looking_only_looks(context, perform, admin):
    with pytest.raises(PermanentError):
        await perform("user_active", context, statement="writes", values={"email": "a@example.com"})
    plan = await perform("explain", context, statement="writes", values={"email": "a@example.com"})
    assert plan.plan[0].node == "ModifyTable"
    assert admin.execute("SELECT count(*) FROM users").fetchone() == (3,)


@pytest.mark.parametrize(
    ("statement", "values", "words"),
    [
        ("user", {}, "needs email"),
        ("any", {"email": "x"}, "takes no email"),
        ("usr", {}, 'no statement "usr" is listed'),
        ("number", {"x": "1; DROP TABLE users"}, "invalid input syntax for type integer"),
        ("text", {}, "more than one"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_said(statement, values, words, context, perform):
    with pytest.raises(PermanentError, match=words):
        await perform("check", context, statement=statement, values=values, equals=1)


async def test_a_number_of_a_listed_statement(context, perform):
    said = await perform("check", context, statement="number", values={"x": 5}, at_most=5)
    assert (said.holds, said.value) == (True, 5)
    assert not (await perform("check", context, statement="null", below=1e9)).holds
