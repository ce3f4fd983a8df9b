"""Answers every instant query as Prometheus does, after so many milliseconds; `hang` is never answered."""

import asyncio
import socket
import sys
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI, Request

DELAY = float(sys.argv[1]) / 1000
app = FastAPI()


@app.post("/api/v1/query")
async def query(request: Request) -> dict[str, object]:
    form = parse_qs((await request.body()).decode())
    if form["query"] == ["hang"]:
        await asyncio.Event().wait()
    if DELAY:
        await asyncio.sleep(DELAY)
    sample = {"metric": {"release": "r"}, "value": [float(form["time"][0]), "0.5"]}
    return {"status": "success", "data": {"resultType": "vector", "result": [sample]}}


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listener])
