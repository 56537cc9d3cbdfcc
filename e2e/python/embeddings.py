"""Embeddings of three texts, and of the first one alone, with the library named by the argument."""

import sys

from client_requests import API_KEY, BASE_URL, MODEL, http, report, transport

TEXTS = [
    "How do I reset my password?",
    "I forgot my password and need a new one.",
    "The cat sleeps on the sofa.",
]


def http_client():
    return http.Client(transport=transport)


def with_openai():
    from openai import OpenAI

    client = OpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0, http_client=http_client())
    # It requests base64 by default, which its types do not allow: strict validation only accepts floats.
    strict = OpenAI(
        base_url=BASE_URL,
        api_key=API_KEY,
        max_retries=0,
        http_client=http_client(),
        _strict_response_validation=True,
    )
    many = client.embeddings.create(model=MODEL, input=TEXTS)
    one = strict.embeddings.create(model=MODEL, input=TEXTS[0], encoding_format="float")
    return {"vectors": [item.embedding for item in many.data], "query": one.data[0].embedding}


def with_langchain():
    from langchain_openai import OpenAIEmbeddings

    # Otherwise it sends the token ids of OpenAI's models instead of texts.
    embeddings = OpenAIEmbeddings(
        base_url=BASE_URL,
        api_key=API_KEY,
        model=MODEL,
        max_retries=0,
        http_client=http_client(),
        check_embedding_ctx_length=False,
    )
    return {"vectors": embeddings.embed_documents(TEXTS), "query": embeddings.embed_query(TEXTS[0])}


def with_llama_index():
    from llama_index.embeddings.openai import OpenAIEmbedding

    embedding = OpenAIEmbedding(
        api_base=BASE_URL, api_key=API_KEY, model_name=MODEL, max_retries=0, http_client=http_client()
    )
    return {
        "vectors": embedding.get_text_embedding_batch(TEXTS),
        "query": embedding.get_query_embedding(TEXTS[0]),
    }


report({f.__name__: f for f in (with_openai, with_langchain, with_llama_index)}[sys.argv[1]])
