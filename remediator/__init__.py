"""remediator: from an alert to a verified remedy.

The way data takes, a folder or file a stage::

    receive   interfaces/alertmanager   a webhook body becomes a stored notification
    match     core/rules                alerts against the rule table
    plan      core/plan                 a guide bound to the alert: frozen data
    guard     core/guards               may it act now? judged in the claiming transaction
    run       core/run/, engine/        next_move says what; the engine does it and journals it
    verify    core/run/, engine/        only what a later sample shows counts
    report    interfaces/report         the run, rendered for people

``engine/path.py`` is that path on one screen. Floors, each may import those to its right:
``cli > rehearsal > app > interfaces > engine > (actions | store) > core``. ``rehearsal`` plays the same
parts in virtual time, with nothing behind them: tests of rules.
"""

__version__ = "0.1.0"
