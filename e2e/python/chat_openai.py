"""The openai package, with strict validation of every completion and chunk against its types."""

from openai import APIResponseValidationError, pydantic_function_tool
from pydantic import BaseModel, Field

from client_requests import BASE_URL, FRANCE, HANNA, LISBON, MODEL, Person, get_weather, report, transport
from strict_client import strict_client

client = strict_client(BASE_URL)
PARAMS = {"model": MODEL, "temperature": 0}


class GetWeather(BaseModel):
    """Get the current weather in a city"""

    city: str = Field()


WEATHER = pydantic_function_tool(GetWeather, name="get_weather")


def user_message(text):
    return [{"role": "user", "content": text}]


def deviations():
    """The locations that strict validation rejects in a completion and in the first chunk of a stream."""
    strict = strict_client(BASE_URL, transport)
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
