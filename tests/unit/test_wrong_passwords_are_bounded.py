"""Looking at a password is slow by design: who sends many wrong ones takes nothing from others."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import pytest

from remediator.interfaces.web.passwords import REMEMBERED, TRIES, Passwords, TooManyTriesError


def hashed(word, cost=4):
    return bcrypt.hashpw(word.encode(), bcrypt.gensalt(cost)).decode()


ANN, BOB = hashed("anns word"), hashed("bobs word")


async def flood(passwords, count, peer):
    """Return how many of so many wrong passwords were not looked at."""
    refused = 0
    for number in range(count):
        try:
            assert not await passwords.right("ann", f"wrong {number}", peer)
        except TooManyTriesError as error:
            refused += error.own
    return refused


async def test_an_address_has_so_many_tries_and_others_have_their_own():
    passwords = Passwords({"ann": ANN, "bob": BOB})
    assert await passwords.right("ann", "anns word", "10.0.0.1")
    assert await flood(passwords, TRIES + 10, "10.0.0.1") == 10
    with pytest.raises(TooManyTriesError):
        await passwords.right("bob", "bobs word", "10.0.0.1")  # not known yet: nobody looks
    assert await passwords.right("ann", "anns word", "10.0.0.1")  # known: goes on as before
    assert await passwords.right("bob", "bobs word", "10.0.0.2")
    assert await passwords.right("bob", "bobs word", "10.0.0.1")


async def test_the_same_password_is_looked_at_once_for_all_who_wait():
    passwords = Passwords({"ann": ANN})
    assert all(await asyncio.gather(*(passwords.right("ann", "anns word", "10.0.0.1") for _ in range(100))))
    assert not any(await asyncio.gather(*(passwords.right("ann", "nonsense", "10.0.0.1") for _ in range(100))))
    assert await flood(passwords, TRIES - 1, "10.0.0.1") == 0  # all those were one try


async def test_at_most_so_many_wait():
    passwords = Passwords({"ann": ANN})
    answers = await asyncio.gather(
        *(passwords.right("ann", f"wrong {number}", f"10.0.{number}.1") for number in range(100)), return_exceptions=True
    )
    busy = [answer for answer in answers if isinstance(answer, TooManyTriesError)]
    assert 50 < len(busy) < 100
    assert not any(error.own for error in busy)
    alone = [passwords.right("ann", f"other {number}", "10.0.0.9") for number in range(10)]
    answers = await asyncio.gather(*alone, passwords.right("ann", "anns word", "10.0.0.8"), return_exceptions=True)
    assert answers[-1] is True  # one address does not take all the room
    assert any(isinstance(answer, TooManyTriesError) for answer in answers)


async def test_wrong_ones_push_out_no_right_one():
    passwords = Passwords({"ann": ANN})
    assert await passwords.right("ann", "anns word", "10.0.0.1")
    for number in range(REMEMBERED + 5):
        assert not await passwords.right("ann", f"wrong {number}", f"10.1.{number}.1")
    await flood(passwords, TRIES, "10.0.0.1")
    assert await passwords.right("ann", "anns word", "10.0.0.1")  # else it would not be looked at


async def test_the_threads_of_others_are_not_needed():
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    asyncio.get_running_loop().set_default_executor(closed)
    assert await Passwords({"ann": ANN}).right("ann", "anns word")


async def test_an_unknown_user_takes_as_long_as_a_wrong_password():
    passwords = Passwords({"ann": hashed("anns word", 8)})

    async def least(name):
        taken = []
        for number in range(3):
            began = time.process_time()  # of all threads; what others do on this machine is not counted
            assert not await passwords.right(name, f"wrong {number}")
            taken.append(time.process_time() - began)
        return min(taken)

    assert 1 / 3 < await least("ann") / await least("nobody") < 3


async def test_a_hash_that_is_none_lets_nobody_in():
    assert not await Passwords({"ann": "plain"}).right("ann", "plain")
