//! Answers of a vendor that is ill. Bodies that are wrong but whole are plain answers; what breaks
//! the rules of HTTP is written to the socket here.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use flate2::{Compress, Compression, Crc, FlushCompress};
use tokio::io::AsyncWriteExt;

use super::document::Document;
use super::fault::Fault;
use super::hall::Hall;
use super::http::{Answer, Connection, Request};
use super::picker::Picker;
use super::serve::Core;

const MIB: usize = 1024 * 1024;

/// The answer, where the fault leaves HTTP itself whole.
pub(crate) fn answer(
    core: &Core,
    fault: &Fault,
    document: Option<Document>,
    request: &Request,
    sound: &Answer,
) -> Option<Answer> {
    let html = "text/html; charset=UTF-8";
    let of_kind = |body: Vec<u8>| {
        let mut answer = sound.clone();
        (answer.status, answer.body) = (200, Arc::new(body));
        // The validators are those of the sound document, not of this one.
        answer.headers.retain(|(name, _)| *name == "content-type");
        answer
    };
    Some(match fault {
        Fault::Status(code, retry_after) => {
            let answer = Answer::new(*code, "text/plain", format!("status {code}\n"));
            match retry_after {
                Some(seconds) => answer.with("retry-after", seconds.to_string()),
                None => answer,
            }
        }
        Fault::Garbage => {
            let mut picker = Picker::new(&request.path);
            of_kind((0..1024).flat_map(|_| picker.next().to_be_bytes()).collect())
        }
        Fault::BadLayout => of_kind(without_content(document).into()),
        Fault::BadType => of_kind(of_wrong_type(document).into()),
        Fault::Nameless => of_kind(with_nameless_dishes(&sound.body)),
        Fault::Empty => of_kind(Vec::new()),
        Fault::LoginPage => Answer::new(200, html, LOGIN),
        Fault::NotPosted => {
            of_kind(document.map_or_else(Vec::new, |document| core.shelf().not_posted(document)))
        }
        Fault::Redirect(to) => Answer::new(302, html, "").with("location", to),
        Fault::RedirectLoop => Answer::new(302, html, "").with("location", &request.path),
        Fault::GzipBomb(mib) => of_kind(bomb(*mib).ok()?).with("content-encoding", "gzip"),
        Fault::HugeHeader(kib) => sound.clone().with("x-padding", "x".repeat(kib * 1024)),
        _ => return None,
    })
}

/// The status that a reader sees of an answer that [`misbehave`] writes.
pub(crate) const fn status(fault: &Fault) -> u16 {
    match fault {
        Fault::Hang | Fault::Reset => 0,
        _ => 200,
    }
}

/// Breaks the rules. `Ok(false)`: the connection is done with.
pub(crate) async fn misbehave(
    connection: &mut Connection,
    fault: &Fault,
    sound: Answer,
) -> io::Result<bool> {
    match fault {
        Fault::Hang => while connection.wait(Duration::from_secs(3600)).await {},
        Fault::Reset => connection.stream.set_zero_linger()?,
        Fault::CutBody => {
            connection.stream.write_all(sound.head().as_bytes()).await?;
            let half = sound.body.get(..sound.body.len() / 2).unwrap_or_default();
            connection.stream.write_all(half).await?;
        }
        Fault::BadLength => {
            let (whole, half) = (sound.body.len(), sound.body.len() / 2);
            let lengths = sound
                .with("content-length", whole.to_string())
                .with("content-length", half.to_string());
            connection.send(&lengths).await?;
        }
        Fault::Endless => {
            let head = sound.with("transfer-encoding", "chunked").head();
            connection.stream.write_all(head.as_bytes()).await?;
            let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
            loop {
                connection.stream.write_all(&chunk).await?;
            }
        }
        Fault::Huge(mib) => {
            let length = mib.saturating_mul(MIB as u64);
            let head = sound.with("content-length", length.to_string()).head();
            connection.stream.write_all(head.as_bytes()).await?;
            for _ in 0..*mib {
                connection.stream.write_all(&[b' '; MIB]).await?;
            }
        }
        Fault::Drip(pause) => {
            connection.stream.write_all(sound.head().as_bytes()).await?;
            drip(connection, &sound.body, *pause).await?;
        }
        Fault::SlowHead(pause) => {
            drip(connection, sound.head().as_bytes(), *pause).await?;
            connection.stream.write_all(&sound.body).await?;
            return Ok(true);
        }
        _ => connection.send(&sound).await?,
    }
    Ok(false)
}

async fn drip(connection: &mut Connection, bytes: &[u8], pause: Duration) -> io::Result<()> {
    for byte in bytes {
        connection.stream.write_all(&[*byte]).await?;
        if !connection.wait(pause).await {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
    Ok(())
}

const LOGIN: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Sign in</title></head>\n\
    <body><form action=\"/login\" method=\"post\"><label>User <input name=\"user\"></label>\n\
    <label>Password <input name=\"password\" type=\"password\"></label>\n\
    <button>Sign in</button></form></body>\n</html>\n";

/// The envelope of a document without its menu.
fn without_content(document: Option<Document>) -> &'static str {
    match document {
        Some(Document::Feed(_)) => "/**/ menuData({\"EatecExchange\":{\"version\":\"2\"}});",
        Some(Document::Day(Hall::Hoch, _)) => "{\"data\":{\"sections\":[]}}",
        Some(Document::Page(Hall::Hoch)) => {
            "<html><body><script>window.__PRELOADED_STATE__ = {\"tenant\":\"hmc\",\"page\":{}};\
             </script></body></html>"
        }
        _ => {
            "<html><body><main><h1>Our new site</h1><div class=\"menu-app\"></div></main></body></html>"
        }
    }
}

/// A document whose menu is of another type than ever before.
fn of_wrong_type(document: Option<Document>) -> &'static str {
    match document {
        Some(Document::Feed(_)) => "/**/ menuData({\"EatecExchange\":{\"menu\":\"none\"}});",
        Some(Document::Day(Hall::Hoch, _)) => "[{\"name\":7,\"groups\":\"none\"}]",
        Some(Document::Page(Hall::Hoch)) => {
            "<html><body><script>window.__PRELOADED_STATE__ = {\"composition\":{\"subject\":\
             {\"regions\":\"none\"},\"context\":7}};</script></body></html>"
        }
        _ => {
            "<html><body><script>Bamco.menu_items = \"none\";\nBamco.cor_icons = 7;\n\
             Bamco.dayparts['1'] = [true];</script></body></html>"
        }
    }
}

/// The document, but for the names of every tenth dish.
fn with_nameless_dishes(document: &[u8]) -> Vec<u8> {
    const NAME: &str = "\"formalName\":";
    let document = String::from_utf8_lossy(document);
    let parts = document.split(NAME).enumerate().map(|(at, part)| match at {
        0 => part.to_owned(),
        at if at % 10 == 0 => format!("\"formerName\":{part}"),
        _ => format!("{NAME}{part}"),
    });
    parts.collect::<String>().into_bytes()
}

/// Blanks that unpack to so many MiB: one block packed once and repeated, as one gzip stream.
fn bomb(mib: u64) -> io::Result<Vec<u8>> {
    let plain = vec![b' '; MIB];
    let mut block = Vec::with_capacity(64 * 1024);
    // A full flush ends on a byte and refers to nothing before it, so the block can be repeated.
    Compress::new(Compression::best(), false).compress_vec(
        &plain,
        &mut block,
        FlushCompress::Full,
    )?;
    let (mut crc, mut one) = (Crc::new(), Crc::new());
    one.update(&plain);
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    for _ in 0..mib {
        bytes.extend_from_slice(&block);
        crc.combine(&one);
    }
    bytes.extend_from_slice(&[3, 0]);
    bytes.extend_from_slice(&crc.sum().to_le_bytes());
    bytes.extend_from_slice(&crc.amount().to_le_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_bomb_is_small_and_unpacks_to_what_it_promises() {
        let bytes = bomb(5).unwrap();
        assert!(bytes.len() < 16 * 1024, "{}", bytes.len());
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
        assert_eq!(plain.len(), 5 * MIB);
    }
}
