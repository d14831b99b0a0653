"""The walk of the README, by a client that a public generator has made from the document alone.

Arguments: the server's address, and a key with the role `owner`.
"""

import io
import sys
import time
import uuid

from steward_client import AuthenticatedClient
from steward_client.api.actions import get_action, list_actions
from steward_client.api.clients import create_client, get_client, update_client
from steward_client.api.contacts import list_contacts
from steward_client.api.imports import create_import, get_import
from steward_client.api.jobs import enqueue_job, get_job
from steward_client.api.violations import list_violations
from steward_client.models import (
    ClientChange,
    CreateImportBody,
    CreateImportKind,
    NewClient,
    NewJob,
    Problem,
    ProbeJob,
)
from steward_client.types import File

PATIENCE_SECONDS = 60


def made(answer):
    """What was answered, unless it is a problem."""
    assert answer is not None, "an answer that the document does not know"
    assert not isinstance(answer, Problem), answer
    return answer


def until(ask, is_over):
    """Asks again and again until something is over."""
    for _ in range(PATIENCE_SECONDS * 10):
        answer = made(ask())
        if is_over(answer):
            return answer
        time.sleep(0.1)
    raise SystemExit(f"it did not end: {answer}")


def main():
    address, key = sys.argv[1:]
    steward = AuthenticatedClient(base_url=address, token=key)

    # Create, and say it again: it is done once.
    nova = NewClient(name="Nova Instruments", source="erp", external_id="C-900")
    once = str(uuid.uuid4())
    first = made(create_client.sync(client=steward, body=nova, idempotency_key=once))
    second = made(create_client.sync(client=steward, body=nova, idempotency_key=once))
    assert first.id == second.id, (first, second)

    # Change what was read, and nothing else.
    read = get_client.sync_detailed(client=steward, id=first.id)
    tag = read.headers["etag"]
    change = ClientChange(country="DE")
    changed = made(update_client.sync(client=steward, id=first.id, body=change, if_match=tag))
    assert changed.country == "DE" and changed.name == "Nova Instruments"
    late = update_client.sync(client=steward, id=first.id, body=change, if_match=tag)
    assert isinstance(late, Problem) and late.code.value == "precondition_failed", late

    # Import, and read what came of it.
    rows = b"external_id,client,name,email\nP-1,C-900,Ada Field,ada@nova.example\nP-2,C-901,,\n"
    file = File(payload=io.BytesIO(rows), file_name="contacts.csv", mime_type="text/csv")
    kind = CreateImportKind.CONTACTS
    body = CreateImportBody(file=file)
    asked = made(create_import.sync(client=steward, body=body, kind=kind, source="erp"))
    over = ("done", "failed")
    ended = until(
        lambda: get_import.sync(client=steward, id=asked.id),
        lambda it: it.import_.state.value in over,
    )
    assert ended.report.inserted == 1 and ended.report.rejected == 1, ended
    assert ended.report.problems[0].field == "client", ended.report.problems
    people = made(list_contacts.sync(client=steward, client_id=first.id))
    assert [it.name for it in people.items] == ["Ada Field"], people

    # Enqueue, and see it done.
    job = NewJob(job=ProbeJob(name="probe"))
    queued = made(enqueue_job.sync(client=steward, body=job))
    assert queued.outcome.value == "new", queued
    until(lambda: get_job.sync(client=steward, id=queued.id), lambda it: it.state == "completed")

    # Read why.
    actions = made(list_actions.sync(client=steward, limit=1))
    action = made(get_action.sync(client=steward, id=actions.items[0].id))
    assert action.decisions and action.decisions[0].reasons, action
    blocked = made(list_violations.sync(client=steward))
    print(f"action {action.action.kind.value}: {action.decisions[0].effect}, {action.decisions[0].reasons}")
    print(f"{len(blocked.items)} violations; the example runs through")


if __name__ == "__main__":
    main()
