"""A client of the lifecycle service in another language, written from the contract's document alone.

It knows the operations by their `operationId`, and parameters, links and fields by their names; where they are and how they look it reads
from the document that the service publishes. Every answer is held against the document. Python 3.9 or newer, standard library only.
"""

import http.client
import json
import re
import urllib.parse
from contextlib import closing


class Broken(Exception):
    """The service did not do what its document says."""


def expect(is_so, what):
    if not is_so:
        raise Broken(what)


class Answer:
    """What came back, and what had been asked (links refer to both)."""

    def __init__(self, operation, asked, response, body):
        self.operation, self.asked, self.body = operation, asked, body
        self.status, self.headers = response.status, response.headers

    @property
    def problem(self):
        """The last part of a problem's type."""
        return self.body["type"].rsplit(":", 1)[1]


class Client:
    def __init__(self, url, token):
        self.address = urllib.parse.urlsplit(url)
        self.token = token
        self.document = json.loads(self._send("GET", "/openapi.json", {}, None)[1])
        self.operations = {}
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                self.operations[operation["operationId"]] = (method.upper(), path, operation)

    def _open(self, method, target, headers, body):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        connection.request(method, self.address.path.rstrip("/") + target, body, headers)
        return connection, connection.getresponse()

    def _send(self, method, target, headers, body):
        connection, response = self._open(method, target, headers, body)
        with closing(connection):
            return response, response.read()

    def request(self, operation_id, parameters, body=None, leave_out=(), token=None):
        """The request of an operation: each parameter where the document has it, under the name that the document gives it."""
        method, path, operation = self.operations[operation_id]
        headers, query, left = {"Authorization": f"Bearer {token or self.token}"}, {}, dict(parameters)
        for parameter in operation.get("parameters", ()):
            name = parameter["name"]
            if name not in left:
                expect(not parameter.get("required") or name in leave_out, f"{operation_id} needs {name}")
                continue
            value = str(left.pop(name))
            if parameter["in"] == "path":
                path = path.replace("{%s}" % name, urllib.parse.quote(value, safe=""))
            elif parameter["in"] == "query":
                query[name] = value
            else:
                headers[name] = value
        expect(not left, f"{operation_id} has no {', '.join(left)}")
        if body is not None:
            content = operation["requestBody"]["content"]
            (media,) = content
            self.check(content[media]["schema"], body, f"the body of {operation_id}")
            headers["Content-Type"], body = media, json.dumps(body)
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        return method, target, headers, body

    def call(self, operation_id, parameters=(), body=None, leave_out=(), token=None):
        """Does an operation, and holds the answer against the document."""
        parameters = dict(parameters)
        response, text = self._send(*self.request(operation_id, parameters, body, leave_out, token))
        described = self.described(operation_id, response)
        content = described.get("content", {})
        media = (response.headers.get("Content-Type") or "").split(";")[0]
        expect((media in content) if content else not text, f"{operation_id} {response.status} answered {media!r}")
        value = json.loads(text) if content else None
        if content:
            self.check(content[media]["schema"], value, f"{operation_id} {response.status}")
        return Answer(operation_id, {"parameters": parameters, "body": body}, response, value)

    def described(self, operation_id, response):
        described = self.operations[operation_id][2]["responses"].get(str(response.status))
        expect(described is not None, f"{operation_id} answered an undocumented {response.status}")
        for name, header in described.get("headers", {}).items():
            optional = isinstance(header["schema"].get("type"), list)
            expect(optional or name in response.headers, f"{operation_id} {response.status} lacks {name}")
        return described

    def follow(self, answer, link, more=(), body=None):
        """Does the operation that a link of the answer leads to."""
        links = self.operations[answer.operation][2]["responses"][str(answer.status)]["links"]
        parameters = {name: resolve(text, answer) for name, text in links[link].get("parameters", {}).items()}
        if "requestBody" in links[link] and body is None:
            body = resolve(links[link]["requestBody"], answer)
        return self.call(links[link]["operationId"], {**parameters, **dict(more)}, body)

    def events(self, operation_id, parameters=()):
        """The events of a stream, as (id, name, data); the stream is closed with the generator."""
        connection, response = self._open(*self.request(operation_id, dict(parameters)))
        with closing(connection), response:
            (media,) = self.described(operation_id, response)["content"]
            expect(response.headers["Content-Type"].split(";")[0] == media, f"{operation_id} is no {media}")
            schema = self.described(operation_id, response)["content"][media]["schema"]
            yield None  # From here on nothing is missed.
            fields = {}
            for line in response:
                name, _, value = line.decode().rstrip("\r\n").partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
                elif "data" in fields:
                    data = json.loads(fields["data"])
                    self.check(schema, data, f"an event of {operation_id}")
                    expect(data["type"] == fields["event"], "event and type differ")
                    yield fields["id"], fields["event"], data
                    fields = {}

    def check(self, schema, value, where):
        """As much of JSON Schema as the document uses."""
        if "$ref" in schema:
            self.check(self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, where)
        for part in schema.get("allOf", ()):
            self.check(part, value, where)
        if "oneOf" in schema:
            expect(sum(self.fits(kind, value, where) for kind in schema["oneOf"]) == 1, f"{where}: not one of its kinds: {value}")
        kinds = schema.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        expect(not kinds or any(TYPES[kind](value) for kind in kinds), f"{where}: {value!r} is no {kinds}")
        expect("enum" not in schema or value in schema["enum"], f"{where}: {value!r} is none of {schema.get('enum')}")
        if isinstance(value, dict):
            for name in schema.get("required", ()):
                expect(name in value, f"{where} lacks {name}")
            for name, part in schema.get("properties", {}).items():
                if name in value:
                    self.check(part, value[name], f"{where}, {name}")
        elif isinstance(value, list):
            for item in value:
                self.check(schema.get("items", {}), item, where)
        elif isinstance(value, str):
            expect(len(value) >= schema.get("minLength", 0), f"{where}: {value!r} is too short")
            expect(re.search(schema.get("pattern", ""), value), f"{where}: {value!r} does not fit its pattern")
        elif isinstance(value, (int, float)):
            expect(value >= schema.get("minimum", value), f"{where}: {value} is too small")

    def fits(self, schema, value, where):
        try:
            self.check(schema, value, where)
        except Broken:
            return False
        return True


TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def resolve(text, answer):
    """A runtime expression of a link, such as `$response.body#/id` or `$request.header.Idempotency-Key`."""
    source, _, pointer = text.partition("#")
    if source in ("$response.body", "$request.body"):
        value = answer.body if source == "$response.body" else answer.asked["body"]
        for part in pointer.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value
    about, place, name = source.split(".", 2)
    return answer.headers[name] if about == "$response" else answer.asked["parameters"][name]
