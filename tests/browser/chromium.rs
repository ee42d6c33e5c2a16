//! Chromium without a window, driven over its DevTools protocol: the few commands that the tests need.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Longer than anything here takes; what hangs is told as that.
const TIMEOUT: Duration = Duration::from_secs(60);

const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
];

/// A browser with one tab. Dropping it ends it.
pub struct Tab {
    _browser: Child,
    _profile: TempDir,
    socket: WebSocketStream<TcpStream>,
    session: Value,
    last: u64,
    /// What the browser told by itself: method and parameters.
    pub events: Vec<(String, Value)>,
}

impl Tab {
    pub async fn open() -> Tab {
        let program = std::env::var_os("CHROMIUM").unwrap_or_else(|| "chromium".into());
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new(&program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program:?} does not start ({error}); install Debian's chromium")
            });
        let mut lines = BufReader::new(browser.stderr.take().unwrap()).lines();
        let address = loop {
            let line =
                tokio::time::timeout(TIMEOUT, lines.next_line()).await.expect("it says where it listens");
            let line = line.unwrap().expect("it ended at once");
            if let Some((_, address)) = line.split_once("DevTools listening on ") {
                break address.to_owned();
            }
        };
        // What it says goes on; a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let url = url::Url::parse(&address).unwrap();
        let stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(address.as_str(), stream).await.unwrap();
        let mut tab = Tab {
            _browser: browser,
            _profile: profile,
            socket,
            session: Value::Null,
            last: 0,
            events: Vec::new(),
        };
        let target = tab.call("Target.createTarget", json!({"url": "about:blank"})).await["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        tab.session = tab.call("Target.attachToTarget", attach).await["sessionId"].clone();
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            tab.call(&format!("{domain}.enable"), json!({})).await;
        }
        tab
    }

    /// Sends a command and gives its answer.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": params});
        if self.session != Value::Null {
            command["sessionId"] = self.session.clone();
        }
        self.socket.send(Message::text(command.to_string())).await.unwrap();
        loop {
            let answer = self.next().await;
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
        }
    }

    async fn next(&mut self) -> Value {
        let message = tokio::time::timeout(TIMEOUT, self.socket.next()).await.expect("the browser answers");
        let Message::Text(text) = message.expect("it went away").unwrap() else { return Value::Null };
        let value: Value = serde_json::from_str(&text).unwrap();
        if let Some(method) = value["method"].as_str() {
            self.events.push((method.to_owned(), value["params"].clone()));
        }
        value
    }

    /// Goes there and waits until all is loaded.
    pub async fn go(&mut self, url: &str) {
        let loaded = self.count("Page.loadEventFired");
        self.call("Page.navigate", json!({"url": url})).await;
        self.loaded_after(loaded).await;
    }

    /// How often this happened so far.
    pub fn count(&self, method: &str) -> usize {
        self.events.iter().filter(|(name, _)| name == method).count()
    }

    /// Waits for one more page than these.
    pub async fn loaded_after(&mut self, loaded: usize) {
        while self.count("Page.loadEventFired") <= loaded {
            self.next().await;
        }
    }

    /// Waits until this happens, and gives what was told of it.
    pub async fn event(&mut self, method: &str) -> Value {
        let known = self.count(method);
        while self.count(method) <= known {
            self.next().await;
        }
        let mut told = self.events.iter().rev().filter(|(name, _)| name == method);
        told.next().map(|(_, params)| params.clone()).unwrap()
    }

    /// The value of an expression in the page.
    pub async fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", asked).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    pub async fn size(&mut self, width: u32, height: u32) {
        let mobile = width < 700;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// As a printer, or with forced colours.
    pub async fn medium(&mut self, media: &str, forced: &str) {
        let features = json!([{"name": "forced-colors", "value": forced}]);
        self.call("Emulation.setEmulatedMedia", json!({"media": media, "features": features})).await;
    }

    pub async fn scheme(&mut self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    pub async fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            other => panic!("no code for {other}"),
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let mut stroke = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
        if !text.is_empty() {
            stroke["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", stroke.clone()).await;
        stroke["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", stroke).await;
    }

    /// A picture of the page down to `height`, where pictures are wanted.
    pub async fn picture(&mut self, name: &str, width: u32, height: u32) {
        use base64::Engine as _;
        let Some(directory) = std::env::var_os("CCSYNC_SCREENSHOTS") else { return };
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let asked = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.call("Page.captureScreenshot", asked).await;
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(format!("{name}.png")), bytes).unwrap();
    }

    /// What went wrong by the browser's own word: exceptions, errors on the console, refused or failed loads.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = |(method, params): &(String, Value)| match method.as_str() {
            "Runtime.exceptionThrown" => Some(params.to_string()),
            "Runtime.consoleAPICalled" if params["type"] != "log" => Some(params.to_string()),
            "Log.entryAdded" if params["entry"]["level"] != "verbose" => Some(params["entry"].to_string()),
            _ => None,
        };
        self.events.iter().filter_map(complaint).collect()
    }

    /// Every address that was asked for.
    pub fn requests(&self) -> Vec<String> {
        let request = |(method, params): &(String, Value)| {
            (method == "Network.requestWillBeSent")
                .then(|| params["request"]["url"].as_str().unwrap().to_owned())
        };
        self.events.iter().filter_map(request).collect()
    }
}
