"""A client of the openai package that validates every response and event against its types."""

from openai import OpenAI

from client_requests import API_KEY, http, transport

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


def strict_client(base_url, client_transport=None):
    return OpenAI(
        base_url=base_url,
        api_key=API_KEY,
        max_retries=0,
        http_client=http.Client(transport=client_transport or TierReplacingTransport()),
        _strict_response_validation=True,
    )
