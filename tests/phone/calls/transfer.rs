//! Bianca hands the call to a caregiver.

use openai_sim::{FunctionCall, SimConfig, speech};

use super::greeted;
use crate::rig::exchange::Exchange;
use crate::rig::system::{System, Wishes};
use crate::rig::telephone::{NUMBER, Place, Telephone};

const PATIENTS: Place = Place { number: NUMBER, sip: 5081, control: 5083, rtp: 22000 };
const CAREGIVERS: Place = Place { number: "+15550100177", sip: 5086, control: 5084, rtp: 22040 };
const CONNECTING: &[u8] = include_bytes!("../../../bridge/sounds/en/connecting.ulaw");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_caregiver_is_called_and_the_two_hear_each_other() {
    let patient = speech::patient("en");
    let call = FunctionCall { response: 2, name: "transfer_to_caregiver".to_owned(), arguments: "{}".to_owned() };
    let model = SimConfig { calls: vec![call], ..SimConfig::default() };
    let system = System::with(Wishes { model, ..Wishes::default() }).await;
    system.caregiver_at(CAREGIVERS.number).await;
    let _exchange = Exchange::between(vec![(PATIENTS.number, PATIENTS.sip), (CAREGIVERS.number, CAREGIVERS.sip)]).await;
    let mut telephone = Telephone::that_says(&PATIENTS, &[]).await;
    let mut caregivers = Telephone::that_says(&CAREGIVERS, &[]).await;
    let ada = system.patient().await;
    let call = system.call(&ada).await;
    greeted(&call, &mut telephone).await;
    telephone.say(&patient[0]).await;
    let asked = std::time::Instant::now();
    caregivers.rings().await;
    println!(
        "transfer: the caregiver's telephone rang {} ms after the patient began to ask",
        asked.elapsed().as_millis()
    );
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    caregivers.pick_up().await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    caregivers.say(&patient[1]).await;
    telephone.say(&patient[2]).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    telephone.hang_up().await;
    caregivers.is_hung_up_on().await;
    call.comes_to("ended").await;
    system.close().await;

    let (at_patients, at_caregivers) = (telephone.capture(), caregivers.capture());
    assert!(at_patients.has_all_of(CONNECTING), "the patient hears what happens");
    assert!(at_patients.has_heard(&at_caregivers), "the patient hears the caregiver");
    assert!(at_caregivers.has_heard(&at_patients), "the caregiver hears the patient");
    println!("transfer: patient and caregiver heard each other");
}
