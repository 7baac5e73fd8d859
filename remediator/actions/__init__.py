"""What remediator can do, one module or package a system.

Belongs here: talking to one kind of backend, its errors translated into Temporary, Permanent and
Ambiguous. Must not be here: retries, time-outs of a step, journalling, other systems' modules.

A module below this package is found by its name: ``http.probe`` is looked for in
``remediator.actions.http``, whose ``ACTIONS`` lists what it declares. Nothing else registers it.
"""
