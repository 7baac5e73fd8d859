import pytest

from remediator.core.guards import place_matches


@pytest.mark.parametrize(
    ("pattern", "target", "expected"),
    [
        ("host/a", "host/a", True),
        ("host/a", "host/ab", False),
        ("host/*", "host/a", True),
        ("host/*", "host/a/b", False),
        ("host/**", "host/a/b", True),
        ("host/**", "host", False),
        ("kubernetes/*/shop/**", "kubernetes/default/shop/deployment/cart", True),
        ("kubernetes/*/shop/**", "kubernetes/default/shop2/deployment/cart", False),
        ("kubernetes/*/shop/**", "kubernetes/default/shop", False),
        ("host/web-*", "host/web-1", True),
        ("host/*-1", "host/web-11", False),
        ("host/a*b*c", "host/axbxc", True),
        ("host/a*b*c", "host/acb", False),
        ("**", "host/a", True),
        ("host/a*a", "host/a", False),
    ],
)
def test_it_matches_so(pattern, target, expected):
    assert place_matches(pattern, target) is expected
