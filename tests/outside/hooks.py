"""How the one body is sent that is neither JSON nor a form: a line of JSON for each job."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return json.dumps(value).encode() + b"\n"
