"""Responses with the asynchronous client of the openai package."""

import asyncio

from openai import AsyncOpenAI

from client_requests import API_KEY, ENDLESS, FRANCE, HANNA, MODEL, PROJECT_URL, SLOW_MODEL, Person, report


def with_client(work):
    """Returns the function as one that runs alone, as its loop and its client end with it."""

    async def run():
        async with AsyncOpenAI(base_url=PROJECT_URL, api_key=API_KEY, max_retries=0) as client:
            return await work(client.responses)

    def alone():
        return asyncio.run(run())

    alone.__name__ = work.__name__
    return alone


async def concurrent(responses):
    created = await asyncio.gather(*(responses.create(model=MODEL, temperature=0, input=FRANCE) for _ in range(6)))
    return [response.output_text for response in created]


async def streamed(responses):
    async with responses.stream(model=MODEL, input=FRANCE) as stream:
        text = "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])
        return [text, (await stream.get_final_response()).output_text]


async def resumed(responses):
    stream = await responses.create(model=MODEL, input=FRANCE, background=True, stream=True)
    first = await anext(aiter(stream))
    await stream.close()
    rest = await responses.retrieve(first.response.id, stream=True, starting_after=first.sequence_number)
    events = [event async for event in rest]
    return {"numbers": [event.sequence_number for event in events], "ending": events[-1].type}


async def parsed(responses):
    return (await responses.parse(model=MODEL, input=HANNA, text_format=Person)).output_parsed.model_dump()


async def cancelled(responses):
    response = await responses.create(model=SLOW_MODEL, input=ENDLESS, background=True)
    while response.status == "queued":
        await asyncio.sleep(0.05)
        response = await responses.retrieve(response.id)
    return [response.status, (await responses.cancel(response.id)).status]


async def left(responses):
    """A stream that its client closes: the response ends."""
    stream = await responses.create(model=SLOW_MODEL, input=ENDLESS, stream=True)
    first = await anext(aiter(stream))
    await stream.close()
    response = await responses.retrieve(first.response.id)
    while response.status == "in_progress":
        await asyncio.sleep(0.05)
        response = await responses.retrieve(response.id)
    return response.status


report(*(with_client(work) for work in (concurrent, streamed, resumed, parsed, cancelled, left)))
