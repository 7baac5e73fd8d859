import pytest

from remediator.errors import ConfigurationError
from remediator.interfaces.documents import read_document

TEXT = """\
name: a
with: {x: 1, x: 2}
when: !ruby/object y
name: b
target: {{ params.name }}
list: [{{ a }}, 1]
date: !!timestamp 2001-01-01
number: !!int many
? [a, b]
: c
shape: !!set {a, b}
"""

TOLD = """\
rules/a.yaml:2:14: error: the key "x" stands here twice
    with: {x: 1, x: 2}
                 ^
    it is on line 2 already
rules/a.yaml:3:7: error: the tag !ruby/object is not known here
    when: !ruby/object y
          ^
    put the value in quotes, if it is to begin with !
rules/a.yaml:4:1: error: the key "name" stands here twice
    name: b
    ^
    it is on line 1 already
rules/a.yaml:5:9: error: a value that begins with {{ must be in quotes
    target: {{ params.name }}
            ^
    write "{{ params.name }}"
rules/a.yaml:6:8: error: a value that begins with {{ must be in quotes
    list: [{{ a }}, 1]
           ^
    put the value in quotes
rules/a.yaml:7:7: error: the tag !!timestamp is not known here
    date: !!timestamp 2001-01-01
          ^
    put the value in quotes, if it is to begin with !
rules/a.yaml:8:9: error: "many" is not what its tag says: !!int
    number: !!int many
            ^
rules/a.yaml:9:3: error: a key must be text
    ? [a, b]
      ^
rules/a.yaml:11:8: error: the tag !!set is not known here
    shape: !!set {a, b}
           ^"""


def test_not_only_the_first():
    with pytest.raises(ConfigurationError) as caught:
        read_document(TEXT, "rules/a.yaml")
    assert str(caught.value) == TOLD
