/** The commonest :shortcodes: and their characters. */

const TABLE = `
grinning 😀 smiley 😃 smile 😄 grin 😁 laughing 😆 sweat_smile 😅 joy 😂 rofl 🤣 blush 😊 innocent 😇
slightly_smiling_face 🙂 upside_down_face 🙃 wink 😉 relieved 😌 heart_eyes 😍 kissing_heart 😘 yum 😋
stuck_out_tongue 😛 sunglasses 😎 star-struck 🤩 partying_face 🥳 smirk 😏 unamused 😒 disappointed 😞 pensive 😔
worried 😟 confused 😕 slightly_frowning_face 🙁 cry 😢 sob 😭 triumph 😤 angry 😠 rage 😡 exploding_head 🤯
flushed 😳 scream 😱 cold_sweat 😰 hugging_face 🤗 thinking_face 🤔 shushing_face 🤫 neutral_face 😐
expressionless 😑 face_with_rolling_eyes 🙄 grimacing 😬 sleeping 😴 mask 😷 nerd_face 🤓 face_with_monocle 🧐
robot_face 🤖 ghost 👻 skull 💀 alien 👽 see_no_evil 🙈 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 ok_hand 👌
point_up ☝️ point_right 👉 point_left 👈 point_down 👇 wave 👋 raised_hand ✋ v ✌️ crossed_fingers 🤞
clap 👏 raised_hands 🙌 pray 🙏 handshake 🤝 muscle 💪 writing_hand ✍️ eyes 👀 brain 🧠 bow 🙇
shrug 🤷 facepalm 🤦 heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜
broken_heart 💔 100 💯 boom 💥 fire 🔥 sparkles ✨ star ⭐ star2 🌟 zap ⚡ tada 🎉 confetti_ball 🎊 gift 🎁
trophy 🏆 medal 🏅 dart 🎯 rocket 🚀 ship 🚢 airplane ✈️ car 🚗 bike 🚲 house 🏠 office 🏢 factory 🏭
sunny ☀️ cloud ☁️ umbrella ☔ snowflake ❄️ rainbow 🌈 ocean 🌊 seedling 🌱 evergreen_tree 🌲 cherry_blossom 🌸
bug 🐛 bee 🐝 beetle 🪲 cat 🐱 dog 🐶 unicorn_face 🦄 turtle 🐢 snail 🐌 owl 🦉 coffee ☕ tea 🍵 pizza 🍕 cake 🍰
beers 🍻 apple 🍎 white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎
question ❓ grey_question ❔ exclamation ❗ warning ⚠️ no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 construction 🚧
rotating_light 🚨 sos 🆘 new 🆕 ok 🆗 information_source ℹ️ recycle ♻️ arrow_up ⬆️ arrow_down ⬇️ arrow_left ⬅️
arrow_right ➡️ arrow_upper_right ↗️ arrow_lower_right ↘️ arrows_counterclockwise 🔄 repeat 🔁
leftwards_arrow_with_hook ↩️ heavy_plus_sign ➕ heavy_minus_sign ➖ large_green_circle 🟢 large_yellow_circle 🟡
large_blue_circle 🔵 red_circle 🔴 white_circle ⚪ black_circle ⚫ small_blue_diamond 🔹 small_orange_diamond 🔸
bell 🔔 no_bell 🔕 loudspeaker 📢 mega 📣 speech_balloon 💬 thought_balloon 💭 mailbox 📫 email 📧 inbox_tray 📥
outbox_tray 📤 package 📦 label 🏷️ bookmark 🔖 pushpin 📌 round_pushpin 📍 paperclip 📎 link 🔗 scissors ✂️
pencil 📝 memo 📝 pencil2 ✏️ clipboard 📋 calendar 📅 date 📅 bar_chart 📊 chart_with_upwards_trend 📈
chart_with_downwards_trend 📉 file_folder 📁 page_facing_up 📄 books 📚 book 📖 newspaper 📰 mag 🔍 bulb 💡
wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ gear ⚙️ nut_and_bolt 🔩 toolbox 🧰 test_tube 🧪 microscope 🔬 computer 💻
keyboard ⌨️ iphone 📱 phone ☎️ telephone_receiver 📞 floppy_disk 💾 camera 📷 lock 🔒 unlock 🔓 key 🔑
shield 🛡️ credit_card 💳 moneybag 💰 dollar 💵 receipt 🧾 ticket 🎫 scales ⚖️ hourglass ⌛
hourglass_flowing_sand ⏳ stopwatch ⏱️ alarm_clock ⏰ clock1 🕐 graduation_cap 🎓 mortar_board 🎓 crystal_ball 🔮
game_die 🎲 art 🎨 musical_note 🎵 checkered_flag 🏁 triangular_flag_on_post 🚩 traffic_light 🚥 dizzy 💫 zzz 💤
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟 zero 0️⃣`;

const words = TABLE.trim().split(/\s+/);

/** @type {Map<string, string>} shortcode (without colons) to character */
export const EMOJI = new Map(words.flatMap((word, at) => (at % 2 ? [] : [[word, words[at + 1]]])));
