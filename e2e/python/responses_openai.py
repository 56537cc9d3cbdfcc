"""Responses with the openai package: the whole life of one, chains, the background, and streams that are taken up again."""

import time

from openai import NotFoundError, OpenAI

from client_requests import API_KEY, BASE_URL, FRANCE, MODEL, Person, HANNA, report

client = OpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0)


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


report(life, chain, background, resume, streamed, parsed)
