use testkit::database::Backend;
use crate::{rig::{Rig, at}, town::{OPENING, Setup, Town}};

#[tokio::test]
async fn smoke() {
    for backend in Backend::ALL {
        let rig = Rig::on(backend, at(OPENING)).await;
        let [a, _b] = Town::build_both(&rig, &Setup::default()).await;
        let block = rig.cycle(&rig.agent(), a.slug).await;
        println!("{}", serde_json::to_string_pretty(&block).unwrap());
        for (mail, times) in rig.transport.sent() { println!("{times} {} {} {}", mail.to_address, mail.subject, mail.body); }
    }
}
