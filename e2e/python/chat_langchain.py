"""langchain-openai."""

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from client_requests import API_KEY, BASE_URL, FRANCE, HANNA, LISBON, MODEL, Person, get_weather, http, report, transport

llm = ChatOpenAI(
    base_url=BASE_URL,
    api_key=API_KEY,
    model=MODEL,
    temperature=0,
    max_retries=0,
    stream_usage=True,
    http_client=http.Client(transport=transport),
)


def chat():
    response = llm.invoke(FRANCE)
    return {"content": response.content, "usage": response.usage_metadata, "metadata": response.response_metadata}


def stream():
    chunks = list(llm.stream(FRANCE))
    return {
        "pieces": [chunk.content for chunk in chunks],
        "usage": [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata],
    }


def tools():
    weather = tool(get_weather)
    bound = llm.bind_tools([weather], strict=True, parallel_tool_calls=False)
    messages = [HumanMessage(LISBON)]
    calling = bound.invoke(messages)
    messages += [calling, *(weather.invoke(call) for call in calling.tool_calls)]
    return {"calls": calling.tool_calls, "content": bound.invoke(messages).content}


def structured():
    return llm.with_structured_output(Person).invoke(HANNA).model_dump()


report(chat, stream, tools, structured)
