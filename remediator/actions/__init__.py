"""What remediator can do, one module or package a system.

Belongs here: talking to one kind of backend, its errors translated into Temporary, Permanent and
Ambiguous. Must not be here: retries, time-outs of a step, journalling, other systems' modules.

A module below this package is found by its name: ``http.probe`` is looked for in
``remediator.actions.http``. A module lists what it declares as ``ACTIONS``; where a system is a package, each of its
modules may declare one, as ``ACTION``. Nothing else registers it.
"""
