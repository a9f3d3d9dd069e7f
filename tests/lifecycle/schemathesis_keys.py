"""For schemathesis: a new idempotency key for each change, as the contract asks. Left to itself it sends "0" again and again, and the
service then rightly refuses nearly all of its changes as a key that was used for another one."""

import schemathesis
from hypothesis import strategies as st


def renew(headers, key):
    # What is wrong on purpose comes in a wrapper, and stays as it is.
    if isinstance(headers, dict) and "Idempotency-Key" in headers:
        return {**headers, "Idempotency-Key": key}
    return headers


@schemathesis.hook
def before_generate_headers(context, strategy):
    return st.builds(renew, strategy, st.uuids().map(str))
