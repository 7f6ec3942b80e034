"""Superset's dashboards as a person in a browser sees them."""

import base64
import json
import re
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from browser import Browser

CARDS = "document.querySelectorAll('.dashboard-component-chart-holder')"
BUSY = "document.querySelectorAll('[data-test=loading-indicator], .loading').length"
FAULTS = "[...document.querySelectorAll('[data-test=error-alert], .ant-alert-error')]" \
         ".map(each => each.innerText)"
BOTTOM = f"Math.max(...[...{CARDS}].map(card => card.getBoundingClientRect().bottom))"


@dataclass
class Seen:
    rows: dict    # by the chart's number: how many rows the page got for it
    names: dict
    errors: list  # what the page shows in red, and failed requests


class Viewer:
    def __init__(self, client, folder):
        self.client, self.folder = client, folder
        self._browser = None

    def _all(self, kind):
        return self.client.get(f"/api/v1/{kind}/?q=(page_size:100)")["result"]

    def datasets(self, database):
        return {each["table_name"]: each for each in self._all("dataset")
                if each["database"]["database_name"] == database}

    def charts(self, database):
        own = {each["id"] for each in self.datasets(database).values()}
        return {each["slice_name"]: each for each in self._all("chart")
                if each["datasource_id"] in own}

    def look(self, slug):
        """Opens a dashboard, waits until all of it is drawn, keeps a picture."""
        charts = self.client.get(f"/api/v1/dashboard/{slug}/charts")["result"]
        browser = self._open(slug)
        browser.wait(f"{CARDS}.length == {len(charts)}", 90)
        answers = self._answers(len(charts))
        browser.wait(f"{BUSY} == 0")
        browser.resize(int(browser.evaluate(BOTTOM)) + 24)
        time.sleep(1.5)  # charts grow into their places
        browser.screenshot(self.folder / f"{slug}.png")
        failed = [f"{url} {answer['message']}" for url, answer in answers if "result" not in answer]
        rows = {_chart_of(url): answer["result"][0]["rowcount"] for url, answer in answers
                if "result" in answer}
        return Seen(rows=rows, names={each["id"]: each["slice_name"] for each in charts},
                    errors=browser.evaluate(FAULTS) + failed + browser.errors)

    def _open(self, slug):
        self._browser = self._browser or Browser()
        self._browser.resize(4000)  # charts out of sight are not asked for
        self._browser.answers.clear()
        self._browser.open(f"{self.client.url}/superset/dashboard/{slug}/",
                           {"session": self.client.cookie()})
        return self._browser

    def _answers(self, count):
        """Returns (address, document) of the charts' data, which the page asks for one by one."""
        end = time.monotonic() + 90
        found = {}
        while len(found) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} charts were asked for"
            self._browser.evaluate("1")  # takes in events
            for request, url in list(self._browser.answers.items()):
                # Without a form it is a filter that asks for its choices.
                if "/api/v1/chart/data?form_data" in url and request not in found:
                    body = self._browser.call("Network.getResponseBody", requestId=request)
                    text = body["body"]
                    if body["base64Encoded"]:
                        text = base64.b64decode(text).decode()
                    found[request] = (url, json.loads(text))
            time.sleep(0.2)
        return list(found.values())

    def close(self):
        if self._browser:
            self._browser.close()


def _chart_of(url):
    form = parse_qs(urlsplit(url).query)["form_data"][0]
    return int(re.search(r'"slice_id":(\d+)', form)[1])
