"""
llama-index-llms-openai. It only accepts model names that it knows; at the base URL of an endpoint any name is accepted,
since the endpoint determines the model.
"""

import asyncio

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI

from client_requests import API_KEY, BASE_URL, FRANCE, HANNA, LISBON, Person, get_weather, http, report, transport

llm = OpenAI(
    api_base=BASE_URL,
    api_key=API_KEY,
    model="gpt-4o-mini",
    temperature=0,
    max_retries=0,
    http_client=http.Client(transport=transport),
)
weather = FunctionTool.from_defaults(get_weather, description="Get the current weather in a city")


def chat():
    response = llm.complete(FRANCE)
    return {"text": response.text, "model": response.raw.model}


def stream():
    chunks = list(llm.stream_complete(FRANCE, stream_options={"include_usage": True}))
    return {"pieces": [chunk.delta for chunk in chunks], "usage": chunks[-1].raw.usage.model_dump()}


def tools():
    calling = llm.chat_with_tools([weather], user_msg=LISBON)
    (call,) = llm.get_tool_calls_from_response(calling)
    result = ChatMessage(
        role="tool", content=get_weather(**call.tool_kwargs), additional_kwargs={"tool_call_id": call.tool_id}
    )
    history = [ChatMessage(role="user", content=LISBON), calling.message, result]
    return llm.chat_with_tools([weather], chat_history=history).message.content


def agent():
    async def run():
        return str(await FunctionAgent(tools=[weather], llm=llm).run(LISBON))

    return asyncio.run(run())


def structured():
    return llm.as_structured_llm(Person).complete(HANNA).raw.model_dump()


report(chat, stream, tools, agent, structured)
