//! The protocol by hand.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::TestServer;

/// No answer of the server takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Raw {
    stream: TcpStream,
}

/// A message of the server.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) kind: char,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// A field of an error or notice.
    pub(crate) fn field(&self, code: char) -> Option<String> {
        self.body
            .split(|&byte| byte == 0)
            .find(|field| field.first() == Some(&(code as u8)))
            .map(|field| String::from_utf8(field[1..].to_vec()).unwrap())
    }

    /// The body as text, without the NUL at its end.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap().trim_end_matches('\0').to_owned()
    }
}

impl Raw {
    /// A socket on which nothing has been said.
    pub(crate) async fn open(server: &TestServer) -> Self {
        Self { stream: TcpStream::connect(server.address).await.unwrap() }
    }

    /// A session on the default branch.
    pub(crate) async fn session(server: &TestServer) -> Self {
        let mut raw = Self::open(server).await;
        raw.startup(&[("user", "ann")]).await;
        raw.until('Z').await;
        raw
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn startup(&mut self, parameters: &[(&str, &str)]) {
        let mut body = (3_u32 << 16).to_be_bytes().to_vec();
        for (name, value) in parameters {
            body.extend(format!("{name}\0{value}\0").bytes());
        }
        body.push(0);
        self.packet(&body).await;
    }

    /// A packet without type byte.
    pub(crate) async fn packet(&mut self, body: &[u8]) {
        let mut bytes = (body.len() as u32 + 4).to_be_bytes().to_vec();
        bytes.extend(body);
        self.bytes(&bytes).await;
    }

    pub(crate) async fn send(&mut self, kind: char, body: &[u8]) {
        let mut bytes = vec![kind as u8];
        bytes.extend((body.len() as u32 + 4).to_be_bytes());
        bytes.extend(body);
        self.bytes(&bytes).await;
    }

    pub(crate) async fn query(&mut self, sql: &str) {
        self.send('Q', format!("{sql}\0").as_bytes()).await;
    }

    pub(crate) async fn parse(&mut self, name: &str, sql: &str) {
        self.send('P', format!("{name}\0{sql}\0\0\0").as_bytes()).await;
    }

    /// Binds a statement without parameters, to text results.
    pub(crate) async fn bind(&mut self, portal: &str, statement: &str) {
        self.send('B', format!("{portal}\0{statement}\0\0\0\0\0\0\0").as_bytes()).await;
    }

    pub(crate) async fn execute(&mut self, portal: &str, rows_max: u32) {
        let mut body = format!("{portal}\0").into_bytes();
        body.extend(rows_max.to_be_bytes());
        self.send('E', &body).await;
    }

    pub(crate) async fn sync(&mut self) {
        self.send('S', b"").await;
    }

    /// One byte, as encryption requests are answered.
    pub(crate) async fn byte(&mut self) -> char {
        let mut byte = [0];
        tokio::time::timeout(PATIENCE, self.stream.read_exact(&mut byte)).await.unwrap().unwrap();
        byte[0].into()
    }

    /// The next message; `None` at the end of the stream.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.read_message()).await.expect("no message came")
    }

    async fn read_message(&mut self) -> Option<Message> {
        let mut header = [0; 5];
        self.stream.read_exact(&mut header).await.ok()?;
        let length = u32::from_be_bytes(header[1..].try_into().unwrap());
        let mut body = vec![0; length as usize - 4];
        self.stream.read_exact(&mut body).await.unwrap();
        Some(Message { kind: header[0].into(), body })
    }

    /// All messages up to one of this kind.
    pub(crate) async fn until(&mut self, kind: char) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let message = self.message().await.unwrap_or_else(|| panic!("closed after {messages:?}"));
            let found = message.kind == kind;
            messages.push(message);
            if found {
                return messages;
            }
        }
    }

    /// The kinds of all messages up to ReadyForQuery, and the state that it tells.
    pub(crate) async fn kinds(&mut self) -> (String, char) {
        let messages = self.until('Z').await;
        let kinds = messages.iter().map(|message| message.kind).collect();
        (kinds, messages.last().unwrap().body[0].into())
    }

    /// All messages up to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.message().await {
            messages.push(message);
        }
        messages
    }

    /// Closes without a word.
    pub(crate) fn hang_up(self) {
        drop(self.stream);
    }
}
