//! What the page promises.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chromium::Tab;
use crate::site::Site;

const BYTES_MAX: usize = 300 * 1024;

async fn shown() -> (Site, Tab) {
    let (site, mut tab) = (Site::start().await, Tab::open().await);
    tab.size(1440, 900).await;
    tab.go(&format!("{}/?lang=en", site.url)).await;
    (site, tab)
}

/// Tries again until it holds.
async fn until(tab: &mut Tab, expression: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while tab.value(expression).await != true {
        assert!(Instant::now() < deadline, "never: {expression}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn five_streams_of_four_hundred_windows_fit_into_three_hundred_kib() {
    let site = Site::start().await;
    ccsync::sources::http::install_cryptography();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut times = Vec::new();
    for _ in 0..9 {
        // Past the time that an answer is kept, so that each is put together anew.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let began = Instant::now();
        let page = client.get(format!("{}/", site.url)).send().await.unwrap().text().await.unwrap();
        times.push(began.elapsed());
        let cells = page.matches("<a class=\"").count();
        assert!(page.len() <= BYTES_MAX, "{} bytes with {cells} cells", page.len());
        if times.len() == 1 {
            println!("{} bytes with {cells} cells", page.len());
        }
    }
    times.sort();
    println!("page: p50 {:?}, slowest {:?}", times[times.len() / 2], times[times.len() - 1]);
}

#[tokio::test]
async fn it_fits_each_width_in_both_schemes_and_languages_without_a_complaint() {
    let (site, mut tab) = shown().await;
    for language in ["en", "zh-CN"] {
        for scheme in ["light", "dark"] {
            tab.scheme(scheme).await;
            for (width, height) in [(320, 640), (360, 740), (768, 1024), (1440, 900)] {
                tab.size(width, height).await;
                for (name, way) in
                    [("status", ""), ("window", "window/sobot-bj/sobot.call_result/2026-11-10")]
                {
                    tab.go(&format!("{}/{way}?lang={language}", site.url)).await;
                    let wide = tab.value("document.documentElement.scrollWidth").await;
                    assert!(wide.as_u64().unwrap() <= u64::from(width), "{name} {language} {width}: {wide}");
                    assert_eq!(tab.value("document.documentElement.lang").await, language);
                    tab.value(LONG_NAMES).await;
                    let wide = tab.value("document.documentElement.scrollWidth").await;
                    let wide = wide.as_u64().unwrap();
                    let over = tab.value(OVER).await;
                    assert!(
                        wide <= u64::from(width),
                        "{name} {language} {width}, long names: {wide}: {over}"
                    );
                    tab.go(&format!("{}/{way}?lang={language}", site.url)).await;
                    let pale = tab.value(PALE).await;
                    assert_eq!(pale, json!([]), "{name} {language} {scheme} {width}: contrast");
                    let wanted = match (name, width) {
                        ("status", 320) => false,
                        ("status", 360) => (language, scheme) == ("zh-CN", "dark"),
                        ("status", 768) => (language, scheme) == ("en", "dark"),
                        ("status", _) => scheme == "light",
                        _ => (language, scheme, width) == ("en", "light", 1440),
                    };
                    if wanted {
                        let down = if width == 360 {
                            1_500
                        } else if name == "window" {
                            760
                        } else {
                            1_900
                        };
                        tab.picture(&format!("{name}-{width}-{scheme}-{language}"), width, down).await;
                    }
                }
            }
        }
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
    for request in tab.requests() {
        assert!(request.starts_with(&site.url) || request.starts_with("data:"), "{request}");
    }
}

#[tokio::test]
async fn a_keyboard_reaches_a_window_and_opens_it() {
    let (_site, mut tab) = shown().await;
    let (mut first, mut stops) = (Value::Null, 0);
    let on_cell = "!!document.activeElement.closest('.cal')";
    while tab.value(on_cell).await != true {
        tab.press("Tab").await;
        if stops == 0 {
            first = tab.value("document.activeElement.getAttribute('href')").await;
        }
        stops += 1;
        assert!(stops < 60, "no cell within {stops} stops");
    }
    assert_eq!(first, "#main", "the first stop leads past the head");
    let outline = tab.value("getComputedStyle(document.activeElement).outlineStyle").await;
    assert_eq!(outline, "solid", "where one is can be seen");
    let newest = tab.value("document.activeElement.title").await;
    assert!(newest.as_str().unwrap().starts_with("2026-11-21: open"), "{newest}");
    tab.press("ArrowUp").await;
    tab.press("ArrowLeft").await;
    let title = tab.value("document.activeElement.title").await;
    assert!(title.as_str().unwrap().starts_with("2026-10-20: "), "{title}");
    let loaded = tab.count("Page.loadEventFired");
    tab.press("Enter").await;
    tab.loaded_after(loaded).await;
    let heading = tab.value("document.querySelector('h1').textContent").await;
    assert!(heading.as_str().unwrap().contains("sobot-bj/sobot.call_result, 2026-10-20"), "{heading}");
    assert_eq!(tab.value("document.querySelectorAll('#reads tbody tr').length").await, 4);
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn it_refreshes_itself_without_a_reload_and_keeps_focus_and_place() {
    let (site, mut tab) = shown().await;
    tab.value("window.marker = 1; document.querySelector('#s2 .cal a').focus(); document.querySelector('#s2').scrollIntoView({ behavior: 'instant' }); 0").await;
    let focused = tab.value("document.activeElement.getAttribute('href')").await;
    let place = "document.activeElement.getBoundingClientRect().top";
    let before = tab.value(place).await.as_f64().unwrap();
    let fail = "update sync.time_window set failed_at = '2026-11-21 02:29+00', failure_kind = 'unreachable',
        failure_message = 'news' where source = 'sobot-bj' and window_start = '2026-11-20 00:00+08'";
    sqlx::query(fail).execute(site.db.pool().await).await.unwrap();
    // What the browser does when the tab is looked at again; else it would be ten seconds.
    let looked =
        "document.dispatchEvent(new Event('visibilitychange')); document.body.innerText.includes('news')";
    until(&mut tab, looked).await;
    assert_eq!(tab.value("window.marker").await, 1, "the page was loaded anew");
    assert_eq!(tab.value("document.activeElement.getAttribute('href')").await, focused);
    // Places of scrolling are whole pixels of the screen, where heights may be parts of one.
    let moved = (tab.value(place).await.as_f64().unwrap() - before).abs();
    assert!(moved <= 1.0, "what is looked at must not jump: {moved} px");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn it_works_without_scripts() {
    let (site, mut tab) = (Site::start().await, Tab::open().await);
    tab.call("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    tab.go(&format!("{}/?lang=zh-CN", site.url)).await;
    assert_eq!(tab.value("document.querySelectorAll('.cal a').length").await, 1_900);
    let refresh = tab.value("document.querySelector('noscript meta[http-equiv=refresh]').content").await;
    assert_eq!(refresh, "15");
    let loaded = tab.count("Page.loadEventFired");
    tab.value("document.querySelector('.cal a').focus(); 0").await;
    tab.press("Enter").await;
    tab.loaded_after(loaded).await;
    assert_eq!(tab.value("document.documentElement.lang").await, "zh-CN", "the language is kept");
    assert!(tab.value("document.title").await.as_str().unwrap().contains("窗口"));
}

#[tokio::test]
async fn whoever_cannot_see_it_is_told_the_name_of_each_part() {
    let (_site, mut tab) = shown().await;
    let tree = tab.call("Accessibility.getFullAXTree", json!({})).await;
    let nodes: Vec<&Value> =
        tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] != true).collect();
    let of_role = |role: &'static str| nodes.iter().filter(move |node| node["role"]["value"] == role);
    for role in ["link", "table", "image", "figure", "navigation", "progressbar", "columnheader", "heading"] {
        for node in of_role(role) {
            // A figure is named by its caption, which Chromium gives as a child.
            let name = node["name"]["value"].as_str().unwrap_or_default();
            assert!(!name.trim().is_empty() || role == "figure", "a {role} without a name: {node}");
        }
        assert!(of_role(role).next().is_some() || role == "image", "no {role}");
    }
    for (role, count) in [("main", 1), ("banner", 1), ("contentinfo", 1)] {
        assert_eq!(of_role(role).count(), count, "{role}");
    }
    let cells: Vec<&str> = of_role("link").filter_map(|node| node["name"]["value"].as_str()).collect();
    assert!(
        cells.contains(&"2026-11-10: provisional, 1,281 rows")
            || cells.iter().any(|name| name.starts_with("2026-11-10: provisional")),
        "{cells:?}"
    );
}

/// What the tab does when it is looked at again; else it would be ten seconds.
const LOOKED: &str = "document.dispatchEvent(new Event('visibilitychange')); 0";

const STALE: &str = "document.body.classList.contains('stale')";

#[tokio::test]
async fn a_daemon_that_does_not_answer_is_told_in_banner_title_and_icon_until_it_does() {
    let (_site, mut tab) = shown().await;
    let title = tab.value("document.title").await;
    // A request that is held back: the daemon hangs.
    tab.call("Fetch.enable", json!({"patterns": [{"urlPattern": "*"}]})).await;
    tab.value(&format!("window.scrollTo(0, 1e4); {LOOKED}")).await;
    until(&mut tab, STALE).await;
    let seen = tab.value("document.elementFromPoint(innerWidth / 2, 5).closest('#stale').innerText").await;
    assert!(seen.as_str().unwrap().contains("No answer from ccsync since"), "{seen}");
    assert!(tab.value("document.title").await.as_str().unwrap().starts_with("? "));
    let icon = "document.querySelector('link[rel=icon]').href";
    assert!(tab.value(icon).await.as_str().unwrap().contains("808890"));
    tab.call("Fetch.disable", json!({})).await;
    tab.value(LOOKED).await;
    until(&mut tab, &format!("!{STALE}")).await;
    assert_eq!(tab.value("document.title").await, title);
    assert!(!tab.value(icon).await.as_str().unwrap().contains("808890"));
}

#[tokio::test]
async fn a_page_of_somebody_else_is_no_answer() {
    use base64::Engine as _;
    let (_site, mut tab) = shown().await;
    tab.call("Fetch.enable", json!({"patterns": [{"urlPattern": "*"}]})).await;
    tab.value(LOOKED).await;
    let paused = match tab.events.iter().find(|(name, _)| name == "Fetch.requestPaused") {
        Some((_, params)) => params.clone(),
        None => tab.event("Fetch.requestPaused").await,
    };
    let body = base64::engine::general_purpose::STANDARD.encode("<title>Log in</title><main>Log in</main>");
    let answer = json!({"requestId": paused["requestId"], "responseCode": 200, "body": body,
        "responseHeaders": [{"name": "Content-Type", "value": "text/html"}]});
    tab.call("Fetch.fulfillRequest", answer).await;
    until(&mut tab, STALE).await;
    let main = tab.value("document.querySelector('main').innerText").await;
    assert!(main.as_str().unwrap().contains("Complete up to when"), "{main}");
}

#[tokio::test]
async fn what_somebody_marks_stays_until_they_are_done_and_a_pause_asks_nothing() {
    let (site, mut tab) = shown().await;
    let mark = "const range = document.createRange(); range.selectNodeContents(document.querySelector('#verdict h1'));
        getSelection().removeAllRanges(); getSelection().addRange(range); getSelection().toString()";
    let marked = tab.value(mark).await;
    let fail = "update sync.time_window set failed_at = '2026-11-21 02:29+00', failure_kind = 'unreachable',
        failure_message = 'news' where source = 'sobot-bj' and window_start = '2026-11-20 00:00+08'";
    sqlx::query(fail).execute(site.db.pool().await).await.unwrap();
    // Past the time that an answer is kept.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let answered = tab.count("Network.loadingFinished");
    tab.value(LOOKED).await;
    while tab.count("Network.loadingFinished") <= answered {
        tab.event("Network.loadingFinished").await;
    }
    assert_eq!(tab.value("getSelection().toString()").await, marked);
    let looked =
        format!("getSelection().removeAllRanges(); {LOOKED}; document.body.innerText.includes('news')");
    until(&mut tab, &looked).await;
    tab.value("document.getElementById('pause').click(); 0").await;
    let asked = tab.count("Network.requestWillBeSent");
    tab.value(LOOKED).await;
    assert_eq!(tab.value("document.getElementById('pause').innerText").await, "Resume updates");
    assert_eq!(tab.count("Network.requestWillBeSent"), asked);
}

#[tokio::test]
async fn without_colours_a_letter_says_what_a_colour_says() {
    let (_site, mut tab) = shown().await;
    let letter = "getComputedStyle(document.querySelector('.cal .p'), '::before').content";
    for (media, forced) in [("print", "none"), ("screen", "active")] {
        tab.medium(media, forced).await;
        let shown = tab.value(letter).await;
        assert!(shown.as_str().unwrap().starts_with("\"P\""), "{media}: {shown}");
    }
}

/// What stands out to the right.
const OVER: &str = "[...document.querySelectorAll('body *')].filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
    .map((part) => part.tagName + '.' + part.className + '#' + part.id).slice(0, 12)";

/// The longest names that a source may have, in place of the site's.
const LONG_NAMES: &str = r#"
(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  for (const node of nodes) node.data = node.data.replace(/sobot-bj|sobot-sh|\bmoor\b(?!\.)/g, 'n'.repeat(63));
  return 0;
})()
"#;

/// Texts whose contrast against what is behind them is less than WCAG's AA asks for.
const PALE: &str = r#"
(() => {
  const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => { const f = (c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const behind = (part) => { for (; part; part = part.parentElement) { const c = parse(getComputedStyle(part).backgroundColor); if (c[3] > .99) return c; } return [255, 255, 255]; };
  const found = new Set();
  for (const part of document.querySelectorAll('body *')) {
    const own = [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const cell = part.matches('.cal a,.cal i,.key span');
    if ((!own && !cell) || part.closest('.sr,script,noscript,.skip,svg') || getComputedStyle(part).display === 'none') continue;
    const a = light(parse(getComputedStyle(part).color)), b = light(behind(part));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.add(`${part.tagName}.${part.className} ${ratio.toFixed(2)}`);
  }
  return [...found];
})()
"#;
