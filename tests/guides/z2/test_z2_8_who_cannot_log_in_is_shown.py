"""Logins fail: whether the user is there and active is looked up in the real database; nothing is changed."""

ROWS = ("Z2-8",)
BACKENDS = {"postgres": "real", "kubernetes": "fake"}


async def test_a_user_that_was_switched_off(z2):
    z2.postgres.admin.execute("INSERT INTO public.users VALUES ('ann@example.com', false)")
    z2.log("POST /login 401 Invalid credentials")
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2LoginFailures", user="ann@example.com", **z2.alert)
        shown = await daemon.ends(run, "observed")
        said = await daemon.report(run)
    user = next(entry for entry in shown["journal"] if entry["step"] == "user")["output"]
    assert (user["present"], user["active"]) == (True, False)
    assert "Invalid credentials" in said
    assert z2.postgres.one("SELECT active FROM public.users") is False
    assert z2.writes() == []


async def test_a_label_stays_a_value(z2):
    z2.postgres.admin.execute("INSERT INTO public.users VALUES ('ann@example.com', true)")
    async with z2.up() as daemon:
        run = await daemon.alert(alertname="Z2LoginFailures", user="x' OR '1'='1", **z2.alert)
        shown = await daemon.ends(run, "observed")
    user = next(entry for entry in shown["journal"] if entry["step"] == "user")["output"]
    assert user["present"] is False
