import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediator.core.redaction import HIDDEN, redact, redact_tree

PLACES = [
    "Authorization: Bearer {}",
    '{{"Authorization": "Bearer {}"}}',
    "authorization: Basic {}",
    "proxy-authorization={}",
    "sent bearer {} twice",
    "postgres://app:{}@db.shop:5432/orders",
    "redis://:{}@cache/0",
    "password={}",
    "PGPASSWORD={} psql",
    "db.password: {}",
    '"password": "{}"',
    r"{{\"password\": \"{}\"}}",
    "'secret' => '{}'",
    "client_secret={}&grant_type=x",
    "GET /v1?service=gw&api_key={}&x=1",
    "X-API-Key: {}",
    "accessToken={}",
    "aws_secret_access_key = {}",
    "psql --password {}",
    "--token={}",
    "requirepass {}",
    "curl -u admin:{} http://gw/",
    "ALTER ROLE app PASSWORD '{}'",
    "Cookie: session={}",
    '{{"name": "DB_PASSWORD", "value": "{}"}}',
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n{}",
    "https://hooks.slack.com/services/T0/B0/{}",
]
SHAPES = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefABCDEF",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "glpat-abcdefghij0123456789",
    "sk-proj-abcdefghijklmnop0123",
]
KEPT = [
    "used_share=0.93 of 100 connections",
    "max_tokens: 4096, token_count=5",
    "password authentication failed for user app",
    "bearer token expired",
    'Secret "api" not found',
    "http://gw:8080/path?mail=a@b.example",
    "kubernetes/default/shop/deployment/gateway was changed 4m ago; cooldown 15m",
    "primary key violates uniqueness; key=value",
    "https://runbooks.example.com/high-latency",
    "disk-usage of sda1",
]
SECRETS = st.text(string.ascii_letters + string.digits + "-_.~", min_size=6, max_size=40).map(lambda text: f"Zq7{text}")


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=15)
@given(secret=SECRETS)
def test_a_secret_is_hidden_wherever_it_stands(place, secret):
    text = place.format(secret)
    shown = redact(f"before {text} after")
    assert secret not in shown
    assert shown.startswith("before ")
    assert "[hidden" in shown


@pytest.mark.parametrize("secret", SHAPES)
@pytest.mark.parametrize("around", ["{}", "got {}.", '{{"x":"{}"}}', "a={}&b=1"])
def test_a_secret_is_known_by_its_shape(secret, around):
    assert secret not in redact(around.format(secret))


@pytest.mark.parametrize("text", KEPT)
def test_evidence_is_kept(text):
    assert redact(text) == text


def test_what_stands_around_a_secret_is_kept():
    assert redact("postgres://app:p@ss@db/orders?mail=a@b") == f"postgres://app:{HIDDEN}@db/orders?mail=a@b"
    assert redact('{"password":"a\\"b","user":"bob"}') == f'{{"password":"{HIDDEN}","user":"bob"}}'
    assert redact("/x?token=abc&service=gw") == f"/x?token={HIDDEN}&service=gw"


@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from([place.format("Zq7secret") for place in PLACES])), max_size=6
    )
)
def test_hiding_twice_changes_nothing_more(parts):
    once = redact(" ".join(parts))
    assert redact(once) == once


@given(
    SECRETS,
    st.sampled_from(
        ["password", "dbPassword", "X-API-Key", "clientSecret", "auth_token", "Authorization", "set-cookie"]
    ),
)
def test_a_tree_hides_what_stands_under_a_secret_name(secret, name):
    tree = {"a": [{name: secret, "replicas": 4}], "env": [{"name": name.upper(), "value": secret}], name: {"x": secret}}
    assert secret not in str(redact_tree(tree, 10_000))
    assert redact_tree(tree, 10_000)["a"][0]["replicas"] == 4


def test_a_tree_keeps_its_types_and_says_whether_a_secret_is_there():
    tree = {"holds": True, "value": 0.25, "count": 3, "none": None, "password": None, "token": True, "list": [1, "two"]}
    assert redact_tree(tree, 1000) == tree
