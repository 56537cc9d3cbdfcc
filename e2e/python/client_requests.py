"""The prompts, the connection and the report of all clients. The report is one JSON object on standard output."""

import importlib
import json
import os
import sys
import traceback

import openai
from pydantic import BaseModel, Field

# openai 3 uses httpx2, openai 2 uses httpx; their API is the same as far as it is used here.
http = importlib.import_module("httpx" if openai.__version__.startswith("2.") else "httpx2")

BASE_URL = os.environ["XEROTIER_BASE_URL"]
API_KEY = os.environ["XEROTIER_API_KEY"]
MODEL = os.environ["XEROTIER_MODEL"]
# Its conversations, and its endpoint whose model never ends, for the scripts that need them.
PROJECT_URL = os.environ.get("XEROTIER_PROJECT_URL")
SLOW_MODEL = os.environ.get("XEROTIER_SLOW_MODEL")
ENDLESS = '[[script {"tokens": 100000, "delayMs": 20}]]'

FRANCE = "What is the capital of France?"
LISBON = "What is the weather in Lisbon?"
HANNA = "Extract the information: Hanna lives in Copenhagen and is 34 years old."


class Person(BaseModel):
    name: str
    age: int = Field(ge=0, le=150)
    city: str


station_calls = []


def get_weather(city: str) -> str:
    """Get the current weather in a city"""
    station_calls.append(city)
    return json.dumps({"city": city, "condition": "sunny", "temperature": 23})


class RecordingTransport(http.HTTPTransport):
    """Records what a client sends."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def handle_request(self, request):
        body = request.read()
        self.sent.append(json.loads(body) if body else None)
        return super().handle_request(request)


transport = RecordingTransport()


def report(*functions):
    """Runs each function and reports its value or error, the requests sent, and the cities that the tool was called with."""
    results = {}
    for function in functions:
        del transport.sent[:]
        del station_calls[:]
        try:
            result = {"value": function()}
        except Exception as error:
            traceback.print_exc()
            result = {"error": f"{type(error).__name__}: {error}"}
        results[function.__name__] = {**result, "sent": list(transport.sent), "measured": list(station_calls)}
    json.dump(results, sys.stdout)
