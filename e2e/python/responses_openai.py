"""Responses and conversations with the openai package, with strict validation of every response and event."""

import time

from openai import NotFoundError, OpenAI, pydantic_function_tool
from pydantic import BaseModel

from client_requests import (
    API_KEY,
    ENDLESS,
    FRANCE,
    HANNA,
    LISBON,
    MODEL,
    PROJECT_URL,
    SLOW_MODEL,
    Person,
    get_weather,
    report,
)
from strict_client import strict_client

client = strict_client(PROJECT_URL)


class GetWeather(BaseModel):
    """Get the current weather in a city"""

    city: str


FUNCTION = pydantic_function_tool(GetWeather, name="get_weather")["function"]
WEATHER = {"type": "function", **FUNCTION}


def life():
    created = client.responses.create(model=MODEL, input=FRANCE, metadata={"topic": "é"})
    retrieved = client.responses.retrieve(created.id)
    items = list(client.responses.input_items.list(created.id))
    client.responses.delete(created.id)
    try:
        client.responses.retrieve(created.id)
        code = None
    except NotFoundError as error:
        code = error.code
    return {
        "status": created.status,
        "text": created.output_text,
        "same": retrieved.to_dict() == created.to_dict(),
        "input": [item.content[0].text for item in items],
        "code": code,
    }


def chain():
    first = client.responses.create(model=MODEL, input=FRANCE)
    second = client.responses.create(model=MODEL, input="Thank you", previous_response_id=first.id)
    return [first.usage.input_tokens, second.usage.input_tokens, second.previous_response_id == first.id]


def background():
    response = client.responses.create(model=MODEL, input=FRANCE, background=True)
    statuses = [response.status]
    while response.status in ("queued", "in_progress"):
        time.sleep(0.1)
        response = client.responses.retrieve(response.id)
    statuses.append(response.status)
    return {"statuses": statuses, "text": response.output_text, "cancelled": client.responses.cancel(response.id).status}


def resume():
    with client.responses.create(model=MODEL, input=FRANCE, background=True, stream=True) as stream:
        first = next(iter(stream))
    events = list(client.responses.retrieve(first.response.id, stream=True, starting_after=first.sequence_number))
    return {
        "numbers": [event.sequence_number for event in [first, *events]],
        "ending": events[-1].type,
        "text": "".join(event.delta for event in events if event.type == "response.output_text.delta"),
    }


def streamed():
    with client.responses.stream(model=MODEL, input=FRANCE) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        return [text, stream.get_final_response().output_text]


def parsed():
    return client.responses.parse(model=MODEL, input=HANNA, text_format=Person).output_parsed.model_dump()


def tools():
    with client.responses.stream(model=MODEL, temperature=0, input=LISBON, tools=[WEATHER]) as stream:
        types = sorted({event.type for event in stream if "function_call" in event.type})
        first = stream.get_final_response()
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": get_weather(**call.parsed_arguments)}
        for call in first.output
    ]
    second = client.responses.create(
        model=MODEL, temperature=0, input=results, tools=[WEATHER], previous_response_id=first.id
    )
    return {"types": types, "text": second.output_text}


def cancelled():
    response = client.responses.create(model=SLOW_MODEL, input=ENDLESS, background=True)
    while response.status == "queued":
        time.sleep(0.05)
        response = client.responses.retrieve(response.id)
    statuses = [response.status, client.responses.cancel(response.id).status, client.responses.cancel(response.id).status]
    return [*statuses, client.responses.retrieve(response.id).status]


def conversation():
    created = client.conversations.create(
        metadata={"topic": "capitals"}, items=[{"type": "message", "role": "user", "content": "Hello"}]
    )
    response = client.responses.create(model=MODEL, input=FRANCE, conversation=created.id)
    items = list(client.conversations.items.list(created.id, order="asc", limit=1))
    same = client.conversations.items.retrieve(items[0].id, conversation_id=created.id) == items[0]
    client.conversations.items.delete(items[0].id, conversation_id=created.id)
    client.conversations.items.create(created.id, items=[{"type": "message", "role": "user", "content": "Bye"}])
    updated = client.conversations.update(created.id, metadata={"topic": "other"})
    newest = [item.content[0].text for item in client.conversations.items.list(created.id)]
    deleted = client.conversations.delete(created.id).deleted
    try:
        client.conversations.retrieve(created.id)
        code = None
    except NotFoundError as error:
        code = error.code
    return {
        "of_response": response.conversation.id == created.id,
        "roles": [item.role for item in items],
        "same": same,
        "newest": newest,
        "metadata": updated.metadata,
        "deleted": [deleted, code],
    }


def counted():
    request = {"model": MODEL, "input": LISBON, "tools": [WEATHER]}
    count = client.responses.input_tokens.count(**request).input_tokens
    return count == client.responses.create(**request).usage.input_tokens


def compacted():
    first = client.responses.create(model=MODEL, input=FRANCE)
    # The document has the messages of users in a compaction, the types of the package do not.
    lenient = OpenAI(base_url=PROJECT_URL, api_key=API_KEY, max_retries=0)
    compaction = lenient.responses.compact(model=MODEL, previous_response_id=first.id)
    output = [item.model_dump(exclude_unset=True, warnings=False) for item in compaction.output]
    following = [*output, {"role": "user", "content": FRANCE}]
    response = client.responses.create(model=MODEL, temperature=0, input=following)
    return {"types": [item.type for item in compaction.output], "text": response.output_text}


report(life, chain, background, resume, streamed, parsed, tools, cancelled, conversation, counted, compacted)
