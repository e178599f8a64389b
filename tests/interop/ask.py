"""Asks the application of the tutorial, in app.py beside this file, with each token that is given, one a line."""

import json
import sys

from app import app
from fastapi.testclient import TestClient

client = TestClient(app)
answers = []
for line in sys.stdin.read().splitlines():
    answer = client.get("/me", headers={"Authorization": f"Bearer {line}"} if line else {})
    body = answer.json()
    challenge = answer.headers.get("www-authenticate", "")
    answers.append({"status": answer.status_code, "sub": body.get("sub"), "challenge": challenge})
print(json.dumps(answers))
