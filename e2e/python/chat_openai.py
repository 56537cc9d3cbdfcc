"""The openai package, which checks every answer and every chunk against its types when it is told to."""

from openai import APIResponseValidationError, OpenAI, pydantic_function_tool
from pydantic import BaseModel, Field

from client_requests import API_KEY, BASE_URL, FRANCE, HANNA, LISBON, MODEL, Person, get_weather, http, report, transport

TIER_OF_THE_LIST = b'"service_tier":"default"'


class Lines(http.SyncByteStream):
    """A body in which a word of OpenAI's list stands for the tier, line by line, so that a stream stays one."""

    def __init__(self, stream, tier):
        self.stream = stream
        self.tier = tier

    def __iter__(self):
        held = b""
        for piece in self.stream:
            *lines, held = (held + piece).split(b"\n")
            for line in lines:
                yield self.known(line) + b"\n"
        if held:
            yield self.known(held)

    def known(self, line):
        return line.replace(self.tier, TIER_OF_THE_LIST)

    def close(self):
        self.stream.close()


class KnownTier(http.BaseTransport):
    """Hides the one field in which this platform departs from OpenAI's types on purpose."""

    def handle_request(self, request):
        response = transport.handle_request(request)
        stream = Lines(response.stream, b'"service_tier":"self_hosted"')
        headers = [pair for pair in response.headers.raw if pair[0].lower() != b"content-length"]
        return http.Response(response.status_code, headers=headers, stream=stream)


def new_client(through):
    return OpenAI(
        base_url=BASE_URL,
        api_key=API_KEY,
        max_retries=0,
        http_client=http.Client(transport=through),
        _strict_response_validation=True,
    )


client = new_client(KnownTier())
ASKED = {"model": MODEL, "temperature": 0}


class GetWeather(BaseModel):
    """Get the current weather in a city"""

    city: str = Field()


WEATHER = pydantic_function_tool(GetWeather, name="get_weather")


def said(text):
    return [{"role": "user", "content": text}]


def deviations():
    """Where strict validation finds fault with an answer and with the first chunk of a stream."""
    strict = new_client(transport)
    found = []
    for stream in (False, True):
        try:
            answer = strict.chat.completions.create(**ASKED, messages=said(FRANCE), stream=stream)
            for _ in answer if stream else ():
                pass
            found.append([])
        except APIResponseValidationError as error:
            found.append([list(fault["loc"]) for fault in error.__cause__.errors()])
    return found


def chat():
    completion = client.chat.completions.create(**ASKED, messages=said(FRANCE))
    return completion.model_dump()


def stream():
    chunks = client.chat.completions.create(
        **ASKED, messages=said(FRANCE), stream=True, stream_options={"include_usage": True}
    )
    return [chunk.model_dump() for chunk in chunks]


def tools():
    messages = said(LISBON)
    calling = client.chat.completions.parse(**ASKED, messages=messages, tools=[WEATHER]).choices[0]
    call = calling.message.tool_calls[0]
    result = get_weather(**call.function.parsed_arguments.model_dump())
    messages += [calling.message, {"role": "tool", "tool_call_id": call.id, "content": result}]
    answer = client.chat.completions.create(**ASKED, messages=messages, tools=[WEATHER]).choices[0]
    return {"finish": [calling.finish_reason, answer.finish_reason], "content": answer.message.content}


def streamed_tools():
    with client.chat.completions.stream(**ASKED, messages=said(LISBON), tools=[WEATHER]) as events:
        types = sorted({event.type for event in events})
    message = events.get_final_completion().choices[0].message
    return {
        "types": types,
        "arguments": message.tool_calls[0].function.arguments,
        "content": message.content,
    }


def structured():
    completion = client.chat.completions.parse(**ASKED, messages=said(HANNA), response_format=Person)
    return completion.choices[0].message.parsed.model_dump()


def models():
    return [model.model_dump() for model in client.models.list()]


report(deviations, chat, stream, tools, streamed_tools, structured, models)
