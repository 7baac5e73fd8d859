"""The reference page of lint, made from the checks themselves."""

from __future__ import annotations

from remediator.core.lint import CHECKS, ELSEWHERE

_HEAD = """\
<!-- Made from the models by `make docs`. -->

# Lint

`remediator check` tells first what is wrong: such files are refused by the daemon, too (exit code 1). Where nothing is
wrong it tells what could be better, with the name of the check in brackets:

    remediator check rules/
    remediator check --config.file remediator.yml
    remediator check --config.file remediator.yml --prometheus http://127.0.0.1:9090
    remediator check --output github --lint shadowed-rule,weak-verify rules/

| exit code | means |
| --- | --- |
| 0 | nothing was found, or only what `--no-lint-fatal` makes harmless |
| 1 | an error: the daemon would refuse these files |
| 2 | wrong usage |
| 3 | no error, but lint found something, as `promtool check rules --lint-fatal` has it |

`--lint all` is the default; `--lint none` leaves errors only, `--lint NAME,NAME` chooses. `--output json` gives a list
of `file`, `line`, `column`, `severity`, `name`, `message`, `hint` and `source`; `--output github` makes annotations.
With `--config.file` rules are also compared with what the daemon allows, and with `--web.config.file` beside it with
who can log in there to approve. What is needed must be there: the extras that steps use, and the files of secrets
that the daemon reads at its start; of files that connections read at each use a missing one is a warning.
`--elsewhere` says that the daemon runs on another machine, so that none of this is looked for (in CI, for one).

## Ask a Prometheus

`--prometheus` takes a URL, or with `--config.file` the name of a connection: it is asked with that one's credentials.
For a URL they stand in files, never on the command line: `--prometheus.bearer-token-file FILE`, or
`--prometheus.basic-auth-user NAME` with `--prometheus.basic-auth-password-file FILE`; `--prometheus.ca-file FILE` says
whom to trust. `remediator backtest` takes the same. A redirect is not followed.

## Switch a check off

A comment does it, and must say why:

```yaml
# remediator disable-file missing-runbook-url: this team's runbooks are the guides' notes
rules:
  # remediator disable auto-without-cooldown: the request only clears a cache
  - name: stale-cache
    match: alertname = "StaleCache"
    guide: clear-cache
    mode: auto
guides:
  clear-cache:
    summary: The cache answers with old prices
    target: http/shop
    remedies:
      - name: clear it
        steps:
          - http.request: {connection: shop, path: /cache, method: DELETE}
    verify:
      all:
        - http.probe: {connection: shop, path: /cache, json: {path: $.entries, equals: 0}}
```

`# remediator disable NAME, NAME: why` counts for the line that it stands on, or for the next line when it stands on
its own; above (or on) the first line of a rule or a guide it counts for all of it. `disable-file` counts for the whole
file.
"""


def lint_page() -> str:
    """Return the page: what checks there are, why, and how they are switched off."""
    made = [f"\n### {check.name}\n\n{check.summary} {check.why}\n" for check in CHECKS.values()]
    rows = "".join(f"| `{name}` | {text} |\n" for name, text in ELSEWHERE.items())
    head = (
        "\n## Found elsewhere\n\nThese names can be switched off in the same way.\n\n| name | means |\n| --- | --- |\n"
    )
    return f"{_HEAD}\n## The checks\n{''.join(made)}{head}{rows}"
