'use strict';
// Asks /api/v1/status once a second and shows the answer. Everything is put in as text.

const kEveryMs = 1000;
const kHiddenEveryMs = 10000;
const kKeepSeconds = 120;
const kSmoothSeconds = 3;
const kFlowMs = 700;  // of page.css

const samples = [];  // {at, read}: records read so far, by this page's clock in seconds

const byId = (id) => document.getElementById(id);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawing(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const grouped = new Intl.NumberFormat('en-US');
const count = (number) => number === null || number === undefined ? '–' : grouped.format(number);

function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

const ago = (seconds) => seconds < 2 ? 'just now' : `${duration(seconds)} ago`;
const secondsBetween = (from, to) => (Date.parse(to) - Date.parse(from)) / 1000;

function bytes(number) {
  return number < 1 << 30 ? `${Math.round(number / (1 << 20))} MiB`
                          : `${(number / (1 << 30)).toFixed(1)} GiB`;
}

function rateText(rate) {
  if (rate === null) return '–';
  if (rate >= 100 || rate === 0) return `${count(Math.round(rate))}/s`;
  return `${rate.toFixed(1)}/s`;
}

// Records a second between the newest sample and one some seconds before it.
function rateAt(last, seconds) {
  if (last < 1) return null;
  let first = last - 1;
  while (first > 0 && samples[last].at - samples[first].at < seconds) --first;
  const time = samples[last].at - samples[first].at;
  return time > 0 ? Math.max(0, (samples[last].read - samples[first].read) / time) : null;
}

function keepSample(status) {
  const at = performance.now() / 1000;
  const last = samples[samples.length - 1];
  if (last && status.records.read < last.read) samples.length = 0;  // it was started anew
  samples.push({at, read: status.records.read});
  while (samples[0].at < at - kKeepSeconds - kSmoothSeconds) samples.shift();
}

function table(heads, rows) {
  const made = element('table');
  const head = made.createTHead().insertRow();
  for (const [text, className] of heads) {
    const cell = element('th', className, text);
    cell.scope = 'col';
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((value, i) => {
      const [text, className] = Array.isArray(value) ? value : [value, heads[i][1]];
      line.append(element('td', className, text));
    });
  }
  return made;
}

const tableOr = (empty, heads, rows) =>
  rows.length ? table(heads, rows) : element('p', 'empty', empty);

function showHealth(status) {
  const stopped = status.reasons.some((reason) => reason.code === 'partition_stopped' ||
                                                  reason.code.endsWith('_stuck'));
  const pill = byId('health');
  pill.className = `pill ${status.ready ? 'ok' : stopped ? 'bad' : 'warn'}`;
  const waiting = status.reasons.some((reason) => reason.code === 'waiting');
  const text = status.ready ? 'running' : stopped ? 'needs you' : waiting ? 'waiting'
                                                                          : status.phase;
  if (pill.textContent !== text) pill.textContent = text;  // else it would be read out each time
  const reasons = byId('reasons');
  reasons.hidden = status.ready;
  reasons.className = `reasons${stopped ? ' bad' : ''}`;
  reasons.replaceChildren(...status.reasons.map((reason) => element('li', '', reason.text)));
}

function stage(kind, name, state, health, big, facts) {
  const made = element('li', `stage ${kind} ${health}`);
  const line = element('p', 'kind', kind);
  line.append(element('span', `state ${health}`, state));
  made.append(line, element('p', 'name', name), element('p', 'big', big));
  for (const fact of facts) made.append(element('p', 'fact', fact));
  return made;
}

function channel(flows) {
  const made = element('li', `channel${flows ? ' flows' : ''}`);
  made.setAttribute('aria-hidden', 'true');
  const arrow = drawing('svg', {viewBox: '0 0 34 20'});
  const shaft = drawing('path', {class: 'shaft', d: 'M4 10H24'});
  shaft.style.animationDelay = `-${performance.now() % kFlowMs}ms`;  // goes on where it was
  arrow.append(shaft, drawing('path', {d: 'M23 4l6 6-6 6'}));
  made.append(arrow);
  return made;
}

// What a sink's tables show: how far behind, and when last.
function sinkFacts(sink) {
  const facts = [`${count(sink.commits)} commits`];
  if (sink.seconds_since_commit !== null) {
    facts.push(`committed ${ago(sink.seconds_since_commit)}`);
  }
  return facts;
}

function sinkState(status, sink) {
  if (status.partitions.some((partition) => partition.stopped)) return ['stopped', 'bad'];
  if (sink.lag === 0) return ['up to date', 'ok'];
  if (!status.ready) return [status.phase === 'running' ? 'waiting' : status.phase, 'warn'];
  return [sink.lag === null ? 'starting' : 'catching up', sink.lag === null ? 'warn' : 'ok'];
}

const behind = (sink) => sink.lag === null ? '–' : `lag ${count(sink.lag)}`;

function goldStage(status) {
  const last = status.gold.last;
  if (!last) return stage('gold', status.tables.gold, 'not built yet', 'warn', '–', []);
  const failures = last.failed + last.errored;
  const state = last.ok ? 'all tests pass' : last.error ? 'not built' : `${failures} failed`;
  return stage('gold', status.tables.gold, state, last.ok ? 'ok' : 'bad',
               `${count(last.models)} models`,
               [`${count(last.tests)} tests in ${last.seconds.toFixed(1)} s`,
                `built ${ago(secondsBetween(last.at, status.now))}`]);
}

function showFlow(status, rate) {
  const lake = status.sinks.find((sink) => sink.sink === 'lake');
  const warehouse = status.sinks.find((sink) => sink.sink === 'warehouse');
  const known = status.partitions.filter((partition) => partition.high !== null);
  const end = known.reduce((sum, partition) => sum + partition.high, 0);
  const flows = rate !== null && rate > 0;
  const stages = [
    stage('topic', status.source.topic, status.source.broker ? 'connected' : 'not yet',
          status.source.broker ? 'ok' : 'warn', rateText(rate),
          [`${count(status.partitions.length)} partitions here`,
           known.length ? `${count(end)} offsets` : 'offsets not known yet']),
    stage('bronze', status.tables.bronze, ...sinkState(status, lake), behind(lake),
          sinkFacts(lake)),
  ];
  if (status.tables.silver.length) {
    stages.push(stage('silver', status.tables.silver.join(', '), ...sinkState(status, lake),
                      behind(lake), sinkFacts(lake)));
  }
  if (warehouse) {
    stages.push(stage('warehouse', status.tables.warehouse.join(', '),
                      ...sinkState(status, warehouse), behind(warehouse), sinkFacts(warehouse)));
  }
  if (status.gold) stages.push(goldStage(status));
  byId('flow').replaceChildren(
    ...stages.flatMap((one, i) => i ? [channel(flows), one] : [one]));
}

function showNumbers(records) {
  const tiles = [['read', records.read, ''], ['accepted', records.ok, ''],
                 ['quarantined', records.quarantined, records.quarantined ? 'warn' : ''],
                 ['skipped', records.skipped, '']];
  byId('numbers').replaceChildren(...tiles.map(([name, number, className]) => {
    const tile = element('div', 'number');
    tile.append(element('b', className, count(number)), element('span', '', name));
    return tile;
  }));
}

function showRate(rate) {
  const now = performance.now() / 1000;
  const points = [];
  for (let i = 1; i < samples.length; ++i) {
    points.push([600 - (now - samples[i].at) * 600 / kKeepSeconds, rateAt(i, kSmoothSeconds)]);
  }
  const most = Math.max(1, ...points.map((point) => point[1]));
  const path = points.map(([x, value], i) =>
    `${i ? 'L' : 'M'}${x.toFixed(1)} ${(114 - value / most * 106).toFixed(1)}`).join('');
  const chart = byId('rate');
  chart.setAttribute('aria-label', `Records a second over two minutes: now ${rateText(rate)}, ` +
                                   `at most ${rateText(most)}`);
  byId('rate-now').textContent = path ? `now ${rateText(rate)}, at most ${rateText(most)}`
                                      : 'from the next answer on';
  if (!path) return chart.replaceChildren();
  const first = points[0][0].toFixed(1), last = points[points.length - 1][0].toFixed(1);
  chart.replaceChildren(drawing('path', {class: 'area', d: `${path}L${last} 120L${first} 120Z`}),
                        drawing('path', {class: 'line', d: path}));
}

function showPartitions(status) {
  const sinks = status.sinks.map((sink) => sink.sink);
  const heads = [['partition', ''], ['read', 'num'],
                 ...sinks.map((sink) => [`${sink} lag`, 'num']), ['state', '']];
  byId('partitions').replaceChildren(tableOr('none assigned yet', heads,
    status.partitions.map((partition) => [
      partition.partition, count(partition.read),
      ...sinks.map((sink) => count(partition.lag[sink])),
      partition.stopped ? [`stopped: ${partition.stopped.code || partition.stopped.message}`, 'bad']
                        : [`worker ${partition.worker}`, '']])));
}

function showWorkers(status) {
  const heads = [['worker', ''], ['state', ''], ['partitions', 'num'], ['records', 'num']];
  byId('workers').replaceChildren(tableOr('none started yet', heads,
    status.workers.map((worker) => [
      worker.name,
      [worker.reason ? `${worker.state}: ${worker.reason}` : worker.state,
       worker.state === 'running' ? 'ok' : 'warn'],
      count(worker.partitions.length), count(worker.records)])));
}

function showKept(records) {
  const heads = [['what', ''], ['why', ''], ['records', 'num']];
  const rows = [
    ...Object.entries(records.quarantine_reasons).map(([why, n]) => ['quarantined', why, count(n)]),
    ...Object.entries(records.expectations_failed)
      .map(([name, n]) => ['expectation failed', name, count(n)])];
  if (records.nan_as_null) rows.push(['taken as null', 'NaN', count(records.nan_as_null)]);
  if (records.gap_offsets) rows.push(['no record', 'offsets skipped by Kafka', count(records.gap_offsets)]);
  byId('kept').replaceChildren(tableOr('nothing since the start', heads, rows));
}

function showGold(status) {
  const panel = byId('gold');
  if (!status.gold) return panel.replaceChildren(element('p', 'empty', 'no gold in this pipeline'));
  const last = status.gold.last;
  if (!last) return panel.replaceChildren(element('p', 'empty', 'not built yet'));
  const verdict = last.ok ? ['passed', 'ok'] : [last.error || 'failed', 'bad'];
  panel.replaceChildren(table([['', ''], ['', '']], [
    ['result', verdict],
    ['at', `${last.at} (${ago(secondsBetween(last.at, status.now))})`],
    ['took', `${last.seconds.toFixed(2)} s`],
    ['nodes', `${last.passed} passed, ${last.warned} warned, ${last.failed} failed, ` +
              `${last.errored} in error, ${last.skipped} skipped`],
    ['builds', `${count(status.gold.builds)}, ${count(status.gold.failures)} failed`]]));
}

function show(status) {
  keepSample(status);
  const rate = rateAt(samples.length - 1, kSmoothSeconds);
  document.title = `${status.ready ? '' : '! '}${status.pipeline} · sluice`;
  byId('pipeline').textContent = status.pipeline;
  byId('about').textContent =
    `sluice ${status.version} · up ${duration(secondsBetween(status.started_at, status.now))}` +
    ` · ${bytes(status.process.resident_bytes)}` +
    (status.source.broker ? ` · ${status.source.broker}` : '');
  showHealth(status);
  showFlow(status, rate);
  showNumbers(status.records);
  showRate(rate);
  showPartitions(status);
  showWorkers(status);
  showKept(status.records);
  showGold(status);
  byId('clock').textContent = status.now;
  document.body.classList.remove('stale');
}

function showSilence(why) {
  document.body.classList.add('stale');
  byId('health').className = 'pill bad';
  byId('health').textContent = 'no answer';
  byId('reasons').hidden = false;
  byId('reasons').className = 'reasons bad';
  byId('reasons').replaceChildren(
    element('li', '', `sluice does not answer (${why}); what is shown is old`));
}

async function ask() {
  try {
    const answer = await fetch('/api/v1/status', {cache: 'no-store',
                                                  signal: AbortSignal.timeout(5000)});
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
  } catch (error) {
    showSilence(error.message);
  }
  setTimeout(ask, document.hidden ? kHiddenEveryMs : kEveryMs);
}

ask();
