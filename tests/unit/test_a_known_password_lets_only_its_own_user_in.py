"""What is remembered of a password is remembered of one name and one password, not of their letters in a row."""

import bcrypt
import pytest

from remediator.interfaces.web.passwords import Passwords


def hashed(word):
    return bcrypt.hashpw(word.encode(), bcrypt.gensalt(4)).decode()


USERS = {"alice": hashed("pw"), "ali": hashed("another")}


@pytest.mark.parametrize(("name", "password"), [("ali", "cepw"), ("alicep", "w"), ("", "alicepw"), ("alicepw", ""), ("5:alice", "pw")])
async def test_the_same_letters_are_no_password(name, password):
    passwords = Passwords(USERS)
    assert await passwords.right("alice", "pw")
    assert not await passwords.right(name, password)
    assert await passwords.right("alice", "pw")


async def test_the_same_letters_shut_nobody_out():
    passwords = Passwords(USERS)
    assert not await passwords.right("ali", "cepw")
    assert await passwords.right("alice", "pw")
