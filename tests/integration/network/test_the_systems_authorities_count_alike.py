"""Since Python 3.13 an authority without a key identifier is refused, unless one asks for what OpenSSL does."""

import asyncio
import os
import sys

from fakes.authority import Authority, serving

ASK = """
import asyncio, sys
import aiohttp
from remediator.actions.answers.access import trust
async def ask():
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"https://localhost:{sys.argv[1]}/", ssl=trust("", tls_verify=True)) as answer:
                print(await answer.text())
        except aiohttp.ClientConnectorError as error:
            print(error)
asyncio.run(ask())
"""


async def test_one_of_the_systems_store(tmp_path):
    authority = Authority(tmp_path)
    async with serving(authority.server("localhost")) as port:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ASK, str(port), stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "SSL_CERT_FILE": str(authority.file)},
        )
        out, _ = await asyncio.wait_for(child.communicate(), 30)
    assert out.decode() == "ok\n"
