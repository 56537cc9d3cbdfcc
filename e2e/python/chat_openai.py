"""The openai package, with strict validation of every completion and chunk against its types."""

from openai import APIResponseValidationError, OpenAI, pydantic_function_tool
from pydantic import BaseModel, Field

from client_requests import API_KEY, BASE_URL, FRANCE, HANNA, LISBON, MODEL, Person, get_weather, http, report, transport

OPENAI_TIER = b'"service_tier":"default"'


class TierReplacingStream(http.SyncByteStream):
    """Replaces the tier with a value of OpenAI's enum, line by line, so that a stream remains one."""

    def __init__(self, stream, tier):
        self.stream = stream
        self.tier = tier

    def __iter__(self):
        buffered = b""
        for piece in self.stream:
            *lines, buffered = (buffered + piece).split(b"\n")
            for line in lines:
                yield self.replace_tier(line) + b"\n"
        if buffered:
            yield self.replace_tier(buffered)

    def replace_tier(self, line):
        return line.replace(self.tier, OPENAI_TIER)

    def close(self):
        self.stream.close()


class TierReplacingTransport(http.BaseTransport):
    """Hides the one field in which the platform deviates from OpenAI's types by design."""

    def handle_request(self, request):
        response = transport.handle_request(request)
        stream = TierReplacingStream(response.stream, b'"service_tier":"self_hosted"')
        headers = [pair for pair in response.headers.raw if pair[0].lower() != b"content-length"]
        return http.Response(response.status_code, headers=headers, stream=stream)


def new_client(client_transport):
    return OpenAI(
        base_url=BASE_URL,
        api_key=API_KEY,
        max_retries=0,
        http_client=http.Client(transport=client_transport),
        _strict_response_validation=True,
    )


client = new_client(TierReplacingTransport())
PARAMS = {"model": MODEL, "temperature": 0}


class GetWeather(BaseModel):
    """Get the current weather in a city"""

    city: str = Field()


WEATHER = pydantic_function_tool(GetWeather, name="get_weather")


def user_message(text):
    return [{"role": "user", "content": text}]


def deviations():
    """The locations that strict validation rejects in a completion and in the first chunk of a stream."""
    strict = new_client(transport)
    found = []
    for stream in (False, True):
        try:
            response = strict.chat.completions.create(**PARAMS, messages=user_message(FRANCE), stream=stream)
            for _ in response if stream else ():
                pass
            found.append([])
        except APIResponseValidationError as error:
            found.append([list(detail["loc"]) for detail in error.__cause__.errors()])
    return found


def chat():
    completion = client.chat.completions.create(**PARAMS, messages=user_message(FRANCE))
    return completion.model_dump()


def stream():
    chunks = client.chat.completions.create(
        **PARAMS, messages=user_message(FRANCE), stream=True, stream_options={"include_usage": True}
    )
    return [chunk.model_dump() for chunk in chunks]


def tools():
    messages = user_message(LISBON)
    calling = client.chat.completions.parse(**PARAMS, messages=messages, tools=[WEATHER]).choices[0]
    call = calling.message.tool_calls[0]
    result = get_weather(**call.function.parsed_arguments.model_dump())
    messages += [calling.message, {"role": "tool", "tool_call_id": call.id, "content": result}]
    final = client.chat.completions.create(**PARAMS, messages=messages, tools=[WEATHER]).choices[0]
    return {"finish": [calling.finish_reason, final.finish_reason], "content": final.message.content}


def streamed_tools():
    with client.chat.completions.stream(**PARAMS, messages=user_message(LISBON), tools=[WEATHER]) as events:
        types = sorted({event.type for event in events})
    message = events.get_final_completion().choices[0].message
    return {
        "types": types,
        "arguments": message.tool_calls[0].function.arguments,
        "content": message.content,
    }


def structured():
    completion = client.chat.completions.parse(**PARAMS, messages=user_message(HANNA), response_format=Person)
    return completion.choices[0].message.parsed.model_dump()


def models():
    return [model.model_dump() for model in client.models.list()]


report(deviations, chat, stream, tools, streamed_tools, structured, models)
