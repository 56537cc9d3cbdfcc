"""What all clients are asked, how they are connected, and how they report: one JSON object on standard output."""

import importlib
import json
import os
import sys
import traceback

import openai
from pydantic import BaseModel, Field

# openai 3 speaks through httpx2, openai 2 through httpx; what is used here is the same in both.
http = importlib.import_module("httpx" if openai.__version__.startswith("2.") else "httpx2")

BASE_URL = os.environ["XEROTIER_BASE_URL"]
API_KEY = os.environ["XEROTIER_API_KEY"]
MODEL = os.environ["XEROTIER_MODEL"]

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


class Recorded(http.HTTPTransport):
    """Remembers what a client sends."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def handle_request(self, request):
        body = request.read()
        self.sent.append(json.loads(body) if body else None)
        return super().handle_request(request)


transport = Recorded()


def report(*abilities):
    """Tries each of the functions: what it gave, or how it failed, what the client sent, and which cities were measured."""
    results = {}
    for ability in abilities:
        del transport.sent[:]
        del station_calls[:]
        try:
            result = {"value": ability()}
        except Exception as error:
            traceback.print_exc()
            result = {"error": f"{type(error).__name__}: {error}"}
        results[ability.__name__] = {**result, "sent": list(transport.sent), "measured": list(station_calls)}
    json.dump(results, sys.stdout)
