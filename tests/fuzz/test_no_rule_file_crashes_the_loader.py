from fuzz.fuzz_rules import fuzz


def test_changed_files():
    sound = fuzz(1500, seed=1)
    assert 150 < sound < 1350  # they are nearly right: neither all sound nor just noise
