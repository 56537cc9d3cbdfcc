"""langchain-openai by the Responses API."""

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from client_requests import API_KEY, BASE_URL, FRANCE, HANNA, LISBON, MODEL, Person, get_weather, http, report, transport

SUM = "What is 24 + 31?"


def new_model(**fields):
    return ChatOpenAI(
        base_url=BASE_URL,
        api_key=API_KEY,
        model=MODEL,
        temperature=0,
        max_retries=0,
        use_responses_api=True,
        http_client=http.Client(transport=transport),
        **fields,
    )


llm = new_model()
weather = tool(get_weather)


def invoke():
    response = llm.invoke(FRANCE)
    return {"text": response.text, "usage": response.usage_metadata, "metadata": response.response_metadata}


def stream():
    chunks = list(llm.stream(FRANCE))
    return {
        "pieces": [chunk.text for chunk in chunks],
        "usage": [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata],
    }


def conversation(model):
    """Two steps with a tool, and a message after them."""
    bound = model.bind_tools([weather], strict=True, parallel_tool_calls=False)
    messages = [HumanMessage(LISBON)]
    calling = bound.invoke(messages)
    messages += [calling, *(weather.invoke(call) for call in calling.tool_calls)]
    result = bound.invoke(messages)
    after = model.invoke([*messages, result, HumanMessage(FRANCE)])
    return [result.text, after.text]


def tools():
    return conversation(llm)


def tools_of_chain():
    return conversation(new_model(use_previous_response_id=True))


def tools_unstored():
    return conversation(new_model(store=False, include=["reasoning.encrypted_content"]))


def given_id():
    first = llm.invoke(FRANCE)
    second = llm.invoke("Thank you", previous_response_id=first.response_metadata["id"])
    return [response.usage_metadata["input_tokens"] for response in (first, second)]


def structured():
    return llm.with_structured_output(Person).invoke(HANNA).model_dump()


def structured_by_function():
    return llm.with_structured_output(Person, method="function_calling").invoke(HANNA).model_dump()


def reasoning():
    model = new_model(reasoning={"summary": "auto"}, output_version="responses/v1")
    message = HumanMessage(SUM)
    response = model.invoke([message])
    after = model.invoke([message, response, HumanMessage(FRANCE)])
    return {"types": [block["type"] for block in response.content], "text": response.text, "after": after.text}


report(
    invoke, stream, tools, tools_of_chain, tools_unstored, given_id, structured, structured_by_function, reasoning
)
